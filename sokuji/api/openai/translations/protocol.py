"""Messages of ``/v1/realtime/translations``: what clients send, and the settings of a session.

A field that OpenAI does not have is marked as an extension; a client that sends none never receives one.
Unknown fields are ignored (see ``openai.wire``).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sokuji.api.openai.wire import ClientEvent, JSONObject
from sokuji.protocol import (
    MAX_RESUME_TEXT_CHARS,
    MAX_SPEED,
    MAX_TARGET_LANGUAGES,
    MAX_VOICE_ID_CHARS,
    MIN_SPEED,
)

SAMPLE_RATE = 24_000
"""Hz of all audio, in and out: PCM16 mono, little-endian."""
DEFAULT_MODEL = "gpt-realtime-translate"
"""Of clients that name none."""


def _voice_name(voice: object) -> object:
    """The id of ``{id}``, as OpenAI names voices that users have made."""
    return voice["id"] if isinstance(voice, dict) and set(voice) == {"id"} else voice


VoiceName = Annotated[str, BeforeValidator(_voice_name), Field(min_length=1, max_length=MAX_VOICE_ID_CHARS)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class NoiseReductionSettings(_Settings):
    """How much of the noise in the input is removed."""

    type: Literal["near_field", "far_field"]
    strength: float = Field(1.0, ge=0, le=1, strict=False)


class InputTranscriptionSettings(_Settings):
    """Asks for transcripts of what is said."""

    model: str


class InputSettings(_Settings):
    """The audio of the client."""

    transcription: InputTranscriptionSettings | None = None
    noise_reduction: NoiseReductionSettings | None = None
    language: str | None = None
    """Extension: the language spoken; None: it is detected."""


class OutputSettings(_Settings):
    """The translation. All but ``language`` are extensions."""

    language: str | None = None
    languages: list[str] | None = Field(None, min_length=1, max_length=MAX_TARGET_LANGUAGES)
    """More languages to translate to; the events then say which they are in."""
    voice: VoiceName | None = None
    speed: float | None = Field(None, ge=MIN_SPEED, le=MAX_SPEED, strict=False)
    glossary: dict[str, str] | None = None
    echo: bool | None = None
    """Whether to say again what is in the target language already."""


class AudioSettings(_Settings):
    """Both directions."""

    input: InputSettings | None = None
    output: OutputSettings | None = None


class SessionSettings(_Settings):
    """The settings of a session, or changes to them: in an update an absent field changes nothing."""

    type: Literal["translation"] | None = None
    model: str | None = None
    audio: AudioSettings | None = None


class TranslationSecretSession(SessionSettings):
    """``session`` of a request for a client secret."""

    model: str


class ResumableSettings(SessionSettings):
    """``session`` of an update; the first one can say where a session goes on (extensions)."""

    session_id: str | None = Field(None, pattern="^sess_[0-9a-f]{24}$")
    resume_from_ms: int | None = Field(None, ge=0)
    resume_text: str | None = Field(None, max_length=MAX_RESUME_TEXT_CHARS)
    acknowledgements: bool | None = None
    """Whether to send ``session.acknowledged``, without which a client cannot resume."""


class UpdateSession(ClientEvent):
    """``session.update``."""

    session: ResumableSettings


class AppendAudio(ClientEvent):
    """``session.input_audio_buffer.append``."""

    audio: str


class CloseSession(ClientEvent):
    """``session.close``."""


CLIENT_EVENTS: Mapping[str, type[UpdateSession | AppendAudio | CloseSession]] = {
    "session.update": UpdateSession,
    "session.input_audio_buffer.append": AppendAudio,
    "session.close": CloseSession,
}

_MERGED = ("audio", "input", "output", "noise_reduction")
"""Objects of which an update may name some fields; others, such as a glossary, are replaced."""


def merged(settings: JSONObject, changes: JSONObject) -> JSONObject:
    """Settings after changes to them: what is absent stays, None clears."""
    result = dict(settings)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif name in _MERGED:
            result[name] = merged(result.get(name, {}), value)
        else:
            result[name] = value
    return result
