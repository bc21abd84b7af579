"""Settings of the speech synthesis providers."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MAX_WORKERS, Condition, Settings

AudioFormat = Literal["wav", "pcm", "mp3", "opus", "aac", "flac"]
"""Encodings of audio files; opus is in an Ogg container."""


class VoiceSettings(Settings):
    """Output format, for all speech synthesis providers."""

    sample_rate: int = Field(0, json_schema_extra=LIVE)
    """Samples per second, 8,000 to 48,000; 0: the voice's native rate. The rate of a request takes
    precedence."""
    audio_format: AudioFormat = Field("wav", json_schema_extra=LIVE)
    """Encoding of REST responses, unless the request chooses one. Sessions send PCM, or PCM in WAV."""

    @field_validator("sample_rate")
    @classmethod
    def _check_sample_rate(cls, rate: int) -> int:
        if rate and not 8_000 <= rate <= 48_000:
            raise ValueError("must be 0 (the voice's native rate) or from 8000 to 48000")
        return rate


class PiperConfig(VoiceSettings):
    """Piper voices. ``tts_model`` is "en_US-joe-medium" (embedded), a hub voice or a local ``.onnx`` file."""

    conditions: ClassVar = (
        Condition("cpu_threads", "device is cpu", lambda config: config.device == "cpu", neutral=(1,)),
    )

    provider: Literal["piper"] = "piper"
    tts_model: str = Field("en_US-joe-medium", min_length=1)
    device: Literal["cpu", "cuda"] = "cpu"
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free CPU cores a second thread makes the first audio about 15 ms
    earlier, for 25 to 40 % more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: one for each CPU core, at most 4."""
    noise_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the sound; None: the voice's own value."""
    noise_w_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the rhythm; None: the voice's own value."""


class KokoroConfig(VoiceSettings):
    """Kokoro-82M as int8 ONNX. The embedded voices have a Japanese accent in all other languages; they speak
    Japanese itself if the extra ``kokoro-ja`` is installed."""

    provider: Literal["kokoro"] = "kokoro"
    default_voice: str = Field("jm_kumo", json_schema_extra=LIVE)
    """Voice for requests that name none. The default is the most intelligible of the embedded voices."""
    cpu_threads: int = Field(2, ge=1, le=256)
    """Threads of one synthesis. On two free CPU cores a second thread saves about a third of the time of a
    phrase, for a seventh more CPU time. Use 1 where many sessions are spoken to at once."""
    num_workers: int = Field(0, ge=0, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: one for each CPU core, at most 4."""
    max_hold_back_s: float = Field(2.0, ge=0, le=30, json_schema_extra=LIVE)
    """Longest time for which the first audio is held back so that the speech has no gaps. It is held back
    only where a phrase will not be ready when the one before it has been played, as measured on this
    machine. A voice that is slower than speech has gaps where this is too short."""


class PocketTtsConfig(VoiceSettings):
    """Kyutai's Pocket TTS: one model for one language, which speaks with many voices."""

    conditions: ClassVar = (
        Condition(
            "language",
            "tts_model is a local .yaml file",
            lambda config: config.tts_model.endswith(".yaml"),
            neutral=("",),
        ),
    )

    provider: Literal["pocket_tts"] = "pocket_tts"
    tts_model: str = Field("english", min_length=1, max_length=4_096)
    """A model that Kyutai has published ("english", "french_24l"), or a local ``.yaml`` file in the package's
    format. Its weights and its tokenizer are beside it, and its voices in the folder ``embeddings`` there."""
    language: str = Field("", pattern="^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$", max_length=35)
    """BCP-47 tag of what a local model speaks; empty: the name of the file says it, as in ``french.yaml``."""
    default_voice: str = Field("", max_length=200, json_schema_extra=LIVE)
    """Voice for requests that name none; empty: the package's default for the language, or else the first."""
    num_workers: int = Field(0, ge=0, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time, each in one thread; 0: one for each CPU core, at most 4."""


class ElevenLabsVoice(Settings):
    """A voice of an ElevenLabs account."""

    id: str = Field(pattern="^[A-Za-z0-9]{1,64}$")
    name: str = Field("", max_length=200)
    """Shown to clients; empty: the id."""
    language: str = Field("en", pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
    """BCP-47 tag of the speaker's native language. The voice speaks all languages of the model."""
    gender: Literal["female", "male"] | None = None


class ElevenLabsConfig(VoiceSettings, CloudSettings):
    """ElevenLabs. The key comes from ELEVENLABS_API_KEY."""

    provider: Literal["elevenlabs"] = "elevenlabs"
    base_url: str = Field("https://api.elevenlabs.io", max_length=500)
    """For accounts with data residency, for example https://api.eu.residency.elevenlabs.io."""
    max_concurrency: int = Field(5, ge=1, le=1_000, json_schema_extra=LIVE)
    """Maximum number of simultaneous requests; further requests wait. ElevenLabs allows 5 in the Creator
    plan, 2 to 15 in others, and refuses more with 429."""
    model_id: Literal[
        "eleven_flash_v2_5",
        "eleven_flash_v2",
        "eleven_turbo_v2_5",
        "eleven_turbo_v2",
        "eleven_multilingual_v2",
        "eleven_v3",
    ] = Field("eleven_flash_v2_5", json_schema_extra=LIVE)
    """The flash models have the lowest latency. Languages: 32 for the v2_5 models, 29 for multilingual_v2,
    more than 70 for v3, English only for flash_v2 and turbo_v2."""
    output_rate: Literal[8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] = Field(
        22_050, json_schema_extra=LIVE
    )
    """Samples per second that are requested of ElevenLabs; 44,100 requires a Pro account."""
    voices: tuple[ElevenLabsVoice, ...] = Field((), max_length=1_000, json_schema_extra=LIVE)
    """Available voices; empty: those of the account, which are listed at the start and periodically."""
    default_voice: str = Field("", max_length=64, json_schema_extra=LIVE)
    """Id of the voice for requests that name none; empty: the first of ``voices``."""
    stability: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """High values are even, up to monotonous; low values are lively. None, here and in the next four
    settings: not sent, so that the voice's stored value applies."""
    similarity_boost: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """Similarity to the speaker's recordings."""
    style: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """Exaggeration of the speaker's style; values above 0 may add latency."""
    use_speaker_boost: bool | None = Field(None, json_schema_extra=LIVE)
    """Increase the similarity to the speaker; adds latency."""
    speed: float | None = Field(None, ge=0.7, le=1.2, json_schema_extra=LIVE)
    """Speed for requests whose own speed is 1. Requests with a speed outside 0.7 to 1.2 are refused."""


class AzureSpeechConfig(VoiceSettings, AzureSettings):
    """Voices of Azure's Speech service. The key comes from AZURE_SPEECH_KEY."""

    provider: Literal["azure"] = "azure"
    base_url: str = Field("https://{region}.tts.speech.microsoft.com", max_length=500)
    """For sovereign clouds, for example https://{region}.tts.speech.azure.cn."""
    output_rate: Literal[8_000, 16_000, 22_050, 24_000, 44_100, 48_000] = Field(
        24_000, json_schema_extra=LIVE
    )
    """Samples per second that are requested of Azure. The native rates of the voices are 24,000 and
    48,000; Azure resamples to the others."""
    voices: tuple[str, ...] = Field((), max_length=1_000, json_schema_extra=LIVE)
    """Short names of the available voices, such as "pt-BR-FranciscaNeural"; empty: all of the region."""
    default_voices: dict[str, str] = Field({}, max_length=200, json_schema_extra=LIVE)
    """Language tag -> short name of the voice for requests that name none; replaces the built-in default
    voice of the language."""
