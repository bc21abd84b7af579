"""The session of a client secret for ``/v1/realtime``: what its fields may be, before a session exists.

Fields that this service does not know are kept for the session and are not in the response.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sokuji.protocol import MAX_VOICE_ID_CHARS

Logprobs = Literal["item.input_audio_transcription.logprobs"]


class _Requested(BaseModel):
    model_config = ConfigDict(extra="ignore")


class PcmFormat(_Requested):
    """16-bit samples."""

    type: Literal["audio/pcm"]
    rate: Literal[24_000] = 24_000


class G711Format(_Requested):
    """8 kHz, mu-law or A-law."""

    type: Literal["audio/pcmu", "audio/pcma"]


AudioFormat = Annotated[PcmFormat | G711Format, Field(discriminator="type")]


class RequestedNoiseReduction(_Requested):
    """How much of the noise is removed."""

    type: Literal["near_field", "far_field"] | None = None
    strength: float | None = Field(None, ge=0, le=1)


class RequestedTranscription(_Requested):
    """How what is said is transcribed."""

    model: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    prompt: str | None = None
    keywords: list[str] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class _TurnDetection(_Requested):
    create_response: bool | None = None
    interrupt_response: bool | None = None


class ServerVad(_TurnDetection):
    """A pause ends a turn."""

    type: Literal["server_vad"]
    threshold: float | None = Field(None, ge=0, le=1)
    prefix_padding_ms: int | None = Field(None, ge=0)
    silence_duration_ms: int | None = Field(None, ge=0)
    idle_timeout_ms: int | None = Field(None, ge=0)


class SemanticVad(_TurnDetection):
    """The end of what is meant ends a turn."""

    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] | None = None


class RequestedInput(_Requested):
    """The audio of the client."""

    format: AudioFormat | None = None
    noise_reduction: RequestedNoiseReduction | None = None
    transcription: RequestedTranscription | None = None
    turn_detection: Annotated[ServerVad | SemanticVad, Field(discriminator="type")] | None = None


class RequestedVoice(_Requested):
    """A voice by its id."""

    id: str = Field(min_length=1, max_length=MAX_VOICE_ID_CHARS)


class RequestedOutput(_Requested):
    """The audio of the service."""

    format: AudioFormat | None = None
    voice: str | RequestedVoice | None = None
    speed: float | None = Field(None, ge=0.25, le=1.5)
    language: str | None = None
    """Extension: the language to translate to."""


class RequestedConversationAudio(_Requested):
    """Both directions."""

    input: RequestedInput | None = None
    output: RequestedOutput | None = None


class RequestedTranscriptionAudio(_Requested):
    """The one direction that a transcription session has."""

    input: RequestedInput | None = None


class RealtimeRequest(_Requested):
    """A session that speaks."""

    type: Literal["realtime"]
    model: str | None = None
    instructions: str | None = None
    output_modalities: list[Literal["text", "audio"]] | None = Field(None, min_length=1, max_length=1)
    audio: RequestedConversationAudio | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=4_096)] | Literal["inf"] | None = None
    include: list[Logprobs] | None = None
    tools: list[object] | None = Field(None, max_length=0)
    """The service interprets, and calls no tools."""


class TranscriptionRequest(_Requested):
    """A session that writes what it hears."""

    type: Literal["transcription"]
    audio: RequestedTranscriptionAudio | None = None
    include: list[Logprobs] | None = None


RealtimeSessionRequest = Annotated[RealtimeRequest | TranscriptionRequest, Field(discriminator="type")]
