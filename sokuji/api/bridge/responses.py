"""What the REST calls answer: the models behind the bridge API, version 1, and its OpenAPI document."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from sokuji.audio.encoding import MEDIA_TYPES
from sokuji.config import AudioFormat, Limits, StreamingSettings
from sokuji.contract import StageName, Voice
from sokuji.pipeline.circuit_breaker import State as CircuitState
from sokuji.pipeline.members import ProviderStatus, State

Milliseconds = Annotated[float, Field(ge=0)]
Provider = Annotated[
    str | None,
    Field(description="Who answered, which need not be the preferred provider; null: nobody had to"),
]
Score = Annotated[float | None, Field(description="0 to 1; null where the translator reports none")]
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class Welcome(BaseModel):
    """Where things are."""

    message: str
    version: str
    docs: str


class Health(BaseModel):
    """healthy: all stages are ready."""

    status: Literal["healthy", "degraded"]
    services: dict[StageName, State]


class SegmentBody(BaseModel):
    """A piece of a transcript; times in milliseconds of the recording."""

    text: str
    start_ms: int
    end_ms: int


class TranscribeResponse(BaseModel):
    """What was said. ``language`` is the one with most speech where several were heard."""

    text: str
    language: str
    confidence: float | None = Field(description="0 to 1; null where the recogniser reports none")
    provider: Provider
    snr_db: float | None = Field(description="Signal-to-noise ratio; null where too little silence tells it")
    processing_time_ms: Milliseconds
    segments: list[SegmentBody]


class SpokenLanguages(BaseModel):
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


class TranslationLanguages(BaseModel):
    """What the text models translate."""

    languages: list[str]
    supports_batch: bool
    supports_streaming: bool
    pairs: list[tuple[str, str]] = Field(description="[source, target]")


class SynthesizedSpeech(BaseModel):
    """Speech in a JSON object."""

    audio_data: Base64
    audio_format: AudioFormat
    sample_rate: int
    duration_ms: Milliseconds
    provider: Provider
    processing_time_ms: Milliseconds


class VoiceBody(BaseModel):
    """A voice."""

    id: str
    name: str
    language: str
    supported_languages: list[str]
    gender: Literal["female", "male"] | None


def voice_bodies(voices: Iterable[Voice]) -> list[VoiceBody]:
    """The voices as the wire shows them."""
    return [
        VoiceBody(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            supported_languages=list(voice.languages),
            gender=voice.gender,
        )
        for voice in voices
    ]


class Voices(BaseModel):
    """All voices; the first one that covers a language is its default."""

    voices: list[VoiceBody]


class PipelineResponse(BaseModel):
    """A text or recording, translated and spoken."""

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
        None, description="0 to 1; null: a text was given, or none is known"
    )
    translation_score: Score
    providers: dict[StageName, str | None] = Field(description="Who answered; null: nobody had to")


class ProviderInUse(BaseModel):
    """A provider and the model that it runs."""

    provider: str
    model: str
    state: State
    circuit: CircuitState = Field(description="open: it keeps failing, others answer instead")


def providers_in_use(statuses: Iterable[ProviderStatus]) -> list[ProviderInUse]:
    """The providers of a stage that have answered, as the wire shows them."""
    return [
        ProviderInUse(
            provider=status.provider,
            model=status.model,
            state=status.state,
            circuit=status.circuit,
        )
        for status in statuses
    ]


class ServiceInfo(BaseModel):
    """What this service is and can do."""

    name: str
    version: str
    api_version: str
    providers: dict[StageName, list[ProviderInUse]] = Field(description="In order of preference")
    text_pairs: list[tuple[str, str]] = Field(description="[source, target] in which text is translated")
    speech_pairs: list[tuple[str, str]] = Field(description="[source, target] in which speech is translated")
    languages: dict[str, str] = Field(description="English names of all codes that occur")
    voices: list[VoiceBody]
    limits: Limits
    streaming: StreamingSettings = Field(description="Among them what sessions get that do not choose")


SOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}}
}
"""For the OpenAPI description of a route that can also answer with the sound itself."""
