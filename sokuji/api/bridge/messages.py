"""The WebSocket messages of the bridge API, version 1 (docs/api.md): client messages and event frames.

Client messages are validated strictly: a value of another type, or an unknown field, is refused.
"""

import base64
import binascii
import time
from dataclasses import asdict
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from sokuji import __version__, events
from sokuji.api.bridge.config_message import ConfigMessage, StrictMessage
from sokuji.api.request_ids import shown_request_id
from sokuji.audio.pcm import wav_bytes
from sokuji.errors import InvalidAudio, InvalidRequest
from sokuji.protocol import AUDIO_FORMATS, EVENT_TYPES, AudioEncoding, Command


class AudioMessage(StrictMessage):
    """PCM16 little-endian as base64. ``timestamp`` is accepted and not used."""

    type: Literal["audio"]
    data: str
    timestamp: int | float | str | None = None

    def pcm(self) -> bytes:
        """The samples.

        Raises:
            InvalidAudio: not base64.
        """
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidAudio("data is not valid base64", param="data") from None


class CommandMessage(StrictMessage):
    """``flush``: end the utterance here. ``end``: no more audio will come. ``cancel``: stop the voice."""

    type: Command


ClientMessage = ConfigMessage | AudioMessage | CommandMessage
_FIELDS = {
    "config": tuple(ConfigMessage.model_fields),
    "audio": tuple(AudioMessage.model_fields),
    **dict.fromkeys(get_args(Command), tuple(CommandMessage.model_fields)),
}
_ADAPTER: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ConfigMessage | AudioMessage | CommandMessage, Field(discriminator="type")]
)


def decode_message(text: str) -> ClientMessage:
    """Decode a client's text frame.

    Raises:
        InvalidRequest: malformed JSON, an unknown type or field, or a value that is not accepted.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        # The location begins with the tag of the union, which is the type of the message.
        name = str(fault["loc"][1])[:40] if len(fault["loc"]) > 1 else "type"
        kind = fault["type"]
        if kind == "json_invalid":
            raise InvalidRequest("the message is not valid JSON") from None
        if kind in ("union_tag_invalid", "union_tag_not_found", "model_attributes_type"):
            raise InvalidRequest(
                "a message is a JSON object with a type; accepted: config, audio, flush, end, cancel",
                param="type",
            ) from None
        if kind == "extra_forbidden":
            raise InvalidRequest(
                f"{name!r} is no field of this message; accepted: {', '.join(_FIELDS[str(fault['loc'][0])])}",
                param=name,
            ) from None
        raise InvalidRequest(f"{name}: {fault['msg']}", param=name) from None


def encode_event(event: events.Event, encoding: AudioEncoding) -> list[dict[str, Any] | bytes]:
    """The frames of an event, in order: dictionaries for text frames of JSON, bytes for binary frames."""
    if isinstance(event, events.Audio):
        return _audio(event, encoding)
    if isinstance(event, events.Boundary):
        return []
    if isinstance(event, events.Failed):
        optional = {
            "segment_id": event.segment_id,
            "target_language": event.target_language,
            "retry_after_s": event.error.retry_after_s,
        }
        more = {name: value for name, value in optional.items() if value is not None}
        kind = EVENT_TYPES[events.Failed]
        report = {**event.error.as_dict(), "fatal": event.fatal, **more, **shown_request_id()}
        return [{"type": kind, **report}]
    frame = _without_unknown({"type": EVENT_TYPES[type(event)], **asdict(event)})
    if isinstance(event, events.Ready):
        frame["version"] = __version__
    if isinstance(event, events.Transcription | events.TranslationText | events.PartialTranslation):
        frame["timestamp"] = now_ms()
    return [frame]


def _without_unknown(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame without what is in it only where speakers are told apart, or others listen."""
    unknown = {"speaker": None, "turns": (), "broadcast": None}
    return {name: value for name, value in frame.items() if name not in unknown or value != unknown[name]}


def now_ms() -> int:
    """Milliseconds since the Unix epoch: the ``timestamp`` of frames."""
    return time.time_ns() // 1_000_000


def _audio(event: events.Audio, encoding: AudioEncoding) -> list[dict[str, Any] | bytes]:
    frame = _without_unknown(
        {
            "type": EVENT_TYPES[events.Audio],
            "format": AUDIO_FORMATS[encoding],
            "sample_rate": event.sample_rate,
            "timestamp": now_ms(),
            "segment_id": event.segment_id,
            "clause": event.clause,
            "chunk": event.chunk,
            "target_language": event.target_language,
            "last": event.last,
            "provider": event.provider,
            "speaker": event.speaker,
        }
    )
    if encoding == "pcm_binary":
        return [frame, event.pcm]
    return [{**frame, "data": base64.b64encode(wav_bytes(event.pcm, event.sample_rate)).decode()}]
