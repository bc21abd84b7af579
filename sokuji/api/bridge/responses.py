"""Response bodies of the REST calls (bridge API, version 1), from which the OpenAPI document is made."""

import time
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from sokuji.api.bridge.admission_report import AdmissionResponse
from sokuji.api.bridge.recording_responses import SegmentResponse, Unrecognised, Unspoken, WordResponses
from sokuji.audio.encoding import MEDIA_TYPES
from sokuji.config import AudioFormat, Limits, StreamingSettings
from sokuji.contract import StageName, Voice
from sokuji.pipeline.circuit_breaker import State as CircuitState
from sokuji.pipeline.members import ProviderStatus, State

Milliseconds = Annotated[float, Field(ge=0)]
Provider = Annotated[
    str | None,
    Field(description="Names of the providers that answered; null: none was needed"),
]
Score = Annotated[float | None, Field(description="0 to 1; null where the translator reports none")]
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class RootResponse(BaseModel):
    """Name and version of the service, and the path of its documentation."""

    message: str
    version: str
    docs: str


class HealthResponse(BaseModel):
    """State of each stage; ``healthy``: all are ready."""

    status: Literal["healthy", "degraded"]
    services: dict[StageName, State]
    admission: AdmissionResponse


class TranscribeResponse(BaseModel):
    """A transcript. If several languages are spoken, ``language`` is the one with the most speech."""

    text: str
    language: str
    confidence: float | None = Field(description="0 to 1; null where the recogniser reports none")
    provider: Provider
    snr_db: float | None = Field(
        description="Signal-to-noise ratio; null where there is too little silence to measure it"
    )
    processing_time_ms: Milliseconds
    segments: list[SegmentResponse]
    words: WordResponses = None
    unrecognised: Unrecognised = []


class SpokenLanguagesResponse(BaseModel):
    """Codes of the languages that can be recognised."""

    languages: list[str]


class TranslateResponse(BaseModel):
    """A translated text."""

    original_text: str
    translated_text: str
    source_language: str
    target_language: str
    provider: Provider
    score: Score
    processing_time_ms: Milliseconds


class TranslationLanguagesResponse(BaseModel):
    """The language pairs of text translation."""

    languages: list[str]
    supports_batch: bool
    supports_streaming: bool
    pairs: list[tuple[str, str]] = Field(description="[source, target]")


class SynthesizeResponse(BaseModel):
    """Speech in a JSON object."""

    audio_data: Base64
    audio_format: AudioFormat
    sample_rate: int
    duration_ms: Milliseconds
    provider: Provider
    processing_time_ms: Milliseconds


class VoiceResponse(BaseModel):
    """A voice."""

    id: str
    name: str
    language: str
    supported_languages: list[str]
    gender: Literal["female", "male"] | None


def voice_responses(voices: Iterable[Voice]) -> list[VoiceResponse]:
    """Voices as the API shows them."""
    return [
        VoiceResponse(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            supported_languages=list(voice.languages),
            gender=voice.gender,
        )
        for voice in voices
    ]


class VoicesResponse(BaseModel):
    """All voices; the first one that covers a language is its default."""

    voices: list[VoiceResponse]


class PipelineResponse(BaseModel):
    """A text or recording, translated and spoken; ``audio_data`` is the audio file."""

    transcription: str
    transcription_language: str
    translation: str
    translation_language: str
    audio_duration_ms: Milliseconds
    total_latency_ms: Milliseconds
    audio_data: Base64
    audio_format: AudioFormat
    audio_sample_rate: int
    transcription_confidence: float | None = Field(
        None, description="0 to 1; null: the input was a text, or the recogniser reports none"
    )
    translation_score: Score
    words: WordResponses = None
    unrecognised: Unrecognised = []
    unspoken: Unspoken = []
    providers: dict[StageName, str | None] = Field(
        description="Who answered in each stage; null: none was needed"
    )


class ProviderResponse(BaseModel):
    """A provider and the model that it runs."""

    provider: str
    model: str
    state: State
    circuit: CircuitState = Field(description="open: it keeps failing and other providers are called instead")


def provider_responses(statuses: Iterable[ProviderStatus]) -> list[ProviderResponse]:
    """Providers of a stage that have been described, as the API shows them."""
    return [
        ProviderResponse(
            provider=status.provider,
            model=status.model,
            state=status.state,
            circuit=status.circuit,
        )
        for status in statuses
    ]


class InfoResponse(BaseModel):
    """Versions, providers, languages, voices, limits and defaults of this service."""

    name: str
    version: str
    api_version: str
    providers: dict[StageName, list[ProviderResponse]] = Field(description="In order of preference")
    text_pairs: list[tuple[str, str]] = Field(description="[source, target] in which text is translated")
    speech_pairs: list[tuple[str, str]] = Field(description="[source, target] in which speech is translated")
    languages: dict[str, str] = Field(description="English names of all codes that occur")
    unusable_languages: list[str] = Field(
        description="Languages that are recognised, but of whose words half or more are wrong with this model"
    )
    voices: list[VoiceResponse]
    limits: Limits
    streaming: StreamingSettings = Field(description="Also the defaults of sessions")


AUDIO_FILE_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}}
}
"""For the OpenAPI description of a route that may answer with the audio file itself."""


def joined_names(providers: Iterable[str | None]) -> str | None:
    """The names of the providers that answered, each once; None: none was needed."""
    return ", ".join(dict.fromkeys(filter(None, providers))) or None


def elapsed_ms(started: float) -> float:
    """Milliseconds since ``started``, a reading of ``time.perf_counter``."""
    return round(1_000 * (time.perf_counter() - started), 1)
