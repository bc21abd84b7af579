"""The WebSocket messages of the bridge API, version 1 (docs/api.md): client messages and event frames.

Client messages are validated strictly: a value of another type, or an unknown field, is refused.
"""

import base64
import binascii
import re
import time
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sokuji import __version__, events, languages
from sokuji.api.request_ids import shown_request_id
from sokuji.audio.pcm import MAX_CHANNELS, MAX_RATE, MIN_RATE, wav_bytes
from sokuji.errors import InvalidAudio, InvalidRequest
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.protocol import (
    AUDIO_FORMATS,
    EVENT_TYPES,
    MAX_CONTEXT_CHARS,
    MAX_RESUME_TEXT_CHARS,
    MAX_SOURCE_LANGUAGES,
    MAX_SPEAKERS,
    MAX_SPEED,
    MAX_TARGET_LANGUAGES,
    MAX_VOICE_ID_CHARS,
    MIN_SPEED,
    AudioEncoding,
    Command,
    Commit,
    OutputMode,
)
from sokuji.session.conversation import ConversationSettings
from sokuji.text.glossary import check as check_glossary

VoiceId = Annotated[str, Field(max_length=MAX_VOICE_ID_CHARS)]
Rate = Annotated[int, Field(ge=MIN_RATE, le=MAX_RATE)]


_SESSION_ID = re.compile("[0-9a-f]{32}")


class _StrictMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a session goes on after its connection was lost; all of it comes from the server's messages."""

    session_id: str
    from_ms: int
    """``through_ms`` of the last ack: the client sends its audio from there on."""
    text: str
    """``text`` of the last ack."""


class ConfigMessage(_StrictMessage):
    """Opens the session, or changes its settings from the next utterance on."""

    type: Literal["config"]
    source_language: str = languages.AUTO
    source_languages: list[str] | None = Field(None, min_length=1, max_length=MAX_SOURCE_LANGUAGES)
    target_language: str | None = None
    target_languages: list[str] | None = Field(None, min_length=1, max_length=MAX_TARGET_LANGUAGES)
    voice_id: VoiceId = DEFAULT_VOICE
    sample_rate: Rate = 16_000
    channels: int = Field(1, ge=1, le=MAX_CHANNELS)
    output: OutputMode = "audio"
    audio_encoding: AudioEncoding = "wav_base64"
    output_sample_rate: Rate | None = None
    speed: float = Field(1.0, ge=MIN_SPEED, le=MAX_SPEED, strict=False)
    context: str = Field("", max_length=MAX_CONTEXT_CHARS)
    glossary: dict[str, str] = Field(default_factory=dict)
    partials: bool = False
    commit: Commit | None = None
    diarize: bool = False
    max_speakers: int | None = Field(None, ge=1, le=MAX_SPEAKERS)
    speaker_voices: dict[str, VoiceId] = Field(default_factory=dict, max_length=MAX_SPEAKERS)
    session_id: str | None = None
    resume_from_ms: int | None = Field(None, ge=0)
    resume_text: str = Field("", max_length=MAX_RESUME_TEXT_CHARS)

    def conversation(self) -> ConversationSettings:
        """The settings of the session.

        Raises:
            InvalidRequest: no target language, or an invalid glossary.
            UnsupportedLanguage: an unknown language tag.
        """
        check_glossary(self.glossary)
        return ConversationSettings(
            source_language=languages.parse_source(self.source_language),
            source_languages=languages.parse_sources(self.source_languages or ()),
            target_languages=self._targets(),
            voice_id=self.voice_id,
            input_sample_rate=self.sample_rate,
            channels=self.channels,
            speak=self.output == "audio",
            output_sample_rate=self.output_sample_rate,
            speed=self.speed,
            context=self.context,
            glossary=self.glossary,
            partials=self.partials,
            commit=self.commit,
            diarize=self.diarize,
            max_speakers=self.max_speakers,
            speaker_voices=self.speaker_voices,
        )

    def _targets(self) -> tuple[str, ...]:
        one = (
            [] if self.target_language is None else [languages.parse(self.target_language, "target_language")]
        )
        more = [languages.parse(tag, "target_languages") for tag in self.target_languages or ()]
        if not one + more:
            raise InvalidRequest(
                "target_language or target_languages is missing; name a language to translate to",
                param="target_language",
            )
        return tuple(dict.fromkeys(one + more))

    def resumption(self) -> Resumption | None:
        """Where the session goes on; None: it is a new session.

        Raises:
            InvalidRequest: a field of a resumption without the others, or a malformed session id.
        """
        if self.session_id is None:
            for name in ("resume_from_ms", "resume_text"):
                if getattr(self, name) not in (None, ""):
                    raise InvalidRequest(f"{name} needs the session_id of the session to resume", param=name)
            return None
        if not _SESSION_ID.fullmatch(self.session_id):
            raise InvalidRequest(
                "session_id must be that of the ready event: 32 hex digits", param="session_id"
            )
        if self.resume_from_ms is None:
            raise InvalidRequest(
                "session_id needs resume_from_ms, the through_ms of the last ack (0 where none came)",
                param="resume_from_ms",
            )
        return Resumption(self.session_id, self.resume_from_ms, self.resume_text)


class AudioMessage(_StrictMessage):
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


class CommandMessage(_StrictMessage):
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
        optional = {"segment_id": event.segment_id, "retry_after_s": event.error.retry_after_s}
        more = {name: value for name, value in optional.items() if value is not None}
        kind = EVENT_TYPES[events.Failed]
        report = {**event.error.as_dict(), "fatal": event.fatal, **more, **shown_request_id()}
        return [{"type": kind, **report}]
    frame = _without_unknown({"type": EVENT_TYPES[type(event)], **asdict(event)})
    if isinstance(event, events.Ready):
        frame["version"] = __version__
    if isinstance(event, events.Transcription | events.TranslationText):
        frame["timestamp"] = now_ms()
    return [frame]


def _without_unknown(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame without what is in it only where speakers are told apart."""
    unknown = {"speaker": None, "turns": ()}
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
