"""The messages of the WebSocket API v1: what a client may send, and how session events look on the wire.

Source: the bridge API, version 1 (docs/api.md). Client messages are validated strictly; fields whose feature
this version does not have are known and refused by name.
"""

import base64
import binascii
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sokuji import __version__, events, languages
from sokuji.audio import MAX_CHANNELS, MAX_RATE, MIN_RATE, wav_bytes
from sokuji.catalogue import DEFAULT_VOICE
from sokuji.errors import InvalidAudio, InvalidRequest, NotSupported
from sokuji.inbox import Conversation

AudioEncoding = Literal["wav_base64", "pcm_binary"]
MAX_CONTEXT_CHARS = 1_000

Rate = Annotated[int, Field(ge=MIN_RATE, le=MAX_RATE)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ConfigMessage(_Message):
    """Opens the conversation, or changes it from the next utterance on."""

    type: Literal["config"]
    source_language: str = "auto"
    target_language: str
    voice_id: str = Field(DEFAULT_VOICE, max_length=200)
    sample_rate: Rate = 16_000
    channels: int = Field(1, ge=1, le=MAX_CHANNELS)
    output: Literal["audio", "captions"] = "audio"
    audio_encoding: AudioEncoding = "wav_base64"
    output_sample_rate: Rate | None = None
    speed: float = Field(1.0, ge=0.5, le=2.0, strict=False)
    context: str = Field("", max_length=MAX_CONTEXT_CHARS)
    partials: bool = False
    target_languages: Any = None
    glossary: Any = None
    session_id: Any = None
    resume_from_ms: Any = None

    def conversation(self) -> Conversation:
        """The settings for a session.

        Raises:
            NotSupported: a field whose feature this version does not have.
            UnsupportedLanguage: an unknown language tag.
        """
        for name in ("target_languages", "glossary", "session_id", "resume_from_ms"):
            if getattr(self, name) is not None:
                raise NotSupported(f"{name} is not supported by this version; leave it out", param=name)
        if self.partials:
            raise NotSupported(
                "partials are not supported by this version; accepted: false", param="partials"
            )
        return Conversation(
            source_language=languages.parse_source(self.source_language),
            target_language=languages.parse(self.target_language, "target_language"),
            voice_id=self.voice_id,
            input_sample_rate=self.sample_rate,
            channels=self.channels,
            speak=self.output == "audio",
            output_sample_rate=self.output_sample_rate,
            speed=self.speed,
            context=self.context,
        )


class AudioMessage(_Message):
    """PCM16 little-endian as base64; ``timestamp`` is the client's own and only accepted, not used."""

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


class CommandMessage(_Message):
    """``flush``: the utterance ends here. ``end``: no more audio. ``cancel``: stop speaking."""

    type: Literal["flush", "end", "cancel"]


ClientMessage = ConfigMessage | AudioMessage | CommandMessage
_FIELDS = {
    "config": tuple(ConfigMessage.model_fields),
    "audio": tuple(AudioMessage.model_fields),
    **dict.fromkeys(("flush", "end", "cancel"), tuple(CommandMessage.model_fields)),
}
_ADAPTER: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ConfigMessage | AudioMessage | CommandMessage, Field(discriminator="type")]
)


def decode_message(text: str) -> ClientMessage:
    """A client's text frame.

    Raises:
        InvalidRequest: broken JSON, an unknown type, or a field with a value that is not accepted.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        # The first part of the location is the tag of the union, which is the message's own type.
        name = ".".join(str(part) for part in fault["loc"][1:])[:40] or "type"
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
    """The frames that tell a client of an event, in order: dictionaries for JSON text, bytes for binary."""
    if isinstance(event, events.Audio):
        return _audio(event, encoding)
    name, fields = _FRAMES[type(event)](event)
    return [{"type": name, **fields}]


def now_ms() -> int:
    """Milliseconds since the Unix epoch, the ``timestamp`` of all answers."""
    return time.time_ns() // 1_000_000


def _audio(event: events.Audio, encoding: AudioEncoding) -> list[dict[str, Any] | bytes]:
    frame = {
        "type": "audio",
        "format": "wav" if encoding == "wav_base64" else "pcm_s16le",
        "sample_rate": event.sample_rate,
        "timestamp": now_ms(),
        "segment_id": event.segment_id,
        "clause": event.clause,
        "chunk": event.chunk,
        "target_language": event.target_language,
        "last": event.last,
    }
    if encoding == "pcm_binary":
        return [frame, event.pcm]
    return [{**frame, "data": base64.b64encode(wav_bytes(event.pcm, event.sample_rate)).decode()}]


def _ready(event: events.Ready) -> tuple[str, dict[str, Any]]:
    return "ready", {
        "session_id": event.session_id,
        "source_language": event.source_language,
        "target_languages": list(event.target_languages),
        "input_sample_rate": event.input_sample_rate,
        "output_sample_rate": event.output_sample_rate,
        "version": __version__,
    }


def _speech(event: events.Speech) -> tuple[str, dict[str, Any]]:
    return "speech", {"state": event.state, "at_ms": event.at_ms, "segment_id": event.segment_id}


def _transcription(event: events.Transcription) -> tuple[str, dict[str, Any]]:
    return "transcription", {
        "text": event.text,
        "language": event.language,
        "is_final": event.is_final,
        "confidence": event.confidence,
        "timestamp": now_ms(),
        "segment_id": event.segment_id,
        "start_ms": event.start_ms,
        "end_ms": event.end_ms,
        "stable_chars": event.stable_chars,
    }


def _translation(event: events.TranslationText) -> tuple[str, dict[str, Any]]:
    return "translation", {
        "text": event.text,
        "source_language": event.source_language,
        "target_language": event.target_language,
        "timestamp": now_ms(),
        "segment_id": event.segment_id,
        "clause": event.clause,
        "is_final": event.is_final,
    }


def _failed(event: events.Failed) -> tuple[str, dict[str, Any]]:
    where = {} if event.segment_id is None else {"segment_id": event.segment_id}
    return "error", {**event.error.as_dict(), "fatal": event.fatal, **where}


_FRAMES: dict[type, Any] = {
    events.Ready: _ready,
    events.Speech: _speech,
    events.Transcription: _transcription,
    events.TranslationText: _translation,
    events.Ack: lambda event: ("ack", {"through_ms": event.through_ms}),
    events.Status: lambda event: ("status", {"load": event.load, "lag_ms": event.lag_ms}),
    events.Draining: lambda event: ("draining", {"reconnect_within_ms": event.reconnect_within_ms}),
    events.Failed: _failed,
    events.Done: lambda event: ("done", {}),
}
