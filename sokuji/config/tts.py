"""Settings of the synthesisers."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MOST_WORKERS, Condition, Settings

AudioFormat = Literal["wav", "pcm", "mp3", "opus", "flac"]
"""How sound that is sent as a file may be encoded; opus comes in an Ogg container."""


class VoiceSettings(Settings):
    """What leaves a synthesiser."""

    sample_rate: int = Field(0, json_schema_extra=LIVE)
    """Samples per second, 8,000 to 48,000; 0: the voice's own. A request that names a rate gets that one."""
    audio_format: AudioFormat = Field("wav", json_schema_extra=LIVE)
    """Of the sound that REST calls answer with where they do not choose. Sessions send PCM, or PCM in WAV."""

    @field_validator("sample_rate")
    @classmethod
    def _rate_can_be_made(cls, rate: int) -> int:
        if rate and not 8_000 <= rate <= 48_000:
            raise ValueError("must be 0 (the voice's own rate) or from 8000 to 48000")
        return rate


class PiperConfig(VoiceSettings):
    """Piper voices. ``tts_model`` is "en_US-joe-medium" (embedded), a hub voice or a local ``.onnx`` file."""

    conditions: ClassVar = (
        Condition("cpu_threads", "device is cpu", lambda own: own.device == "cpu", idle=(1,)),
    )

    provider: Literal["piper"] = "piper"
    tts_model: str = Field("en_US-joe-medium", min_length=1)
    device: Literal["cpu", "cuda"] = "cpu"
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free cores a second one brings the first sound some 15 ms sooner, and
    costs a quarter to two fifths more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: the cores found, at most 4."""
    noise_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the sound; None: the voice's own value."""
    noise_w_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the rhythm; None: the voice's own value."""


class KokoroConfig(VoiceSettings):
    """Kokoro-82M as int8 ONNX. The embedded voices are Japanese, which they speak where the extra
    ``kokoro-ja`` is installed, and have that accent in all other languages."""

    provider: Literal["kokoro"] = "kokoro"
    default_voice: str = Field("jm_kumo", json_schema_extra=LIVE)
    """Speaks where a client names no voice. Of the embedded voices this one is understood best."""
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free cores a second one takes a tenth off the time of a phrase, and
    costs a third more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: the cores found, at most 4."""


class ElevenLabsVoice(Settings):
    """A voice of an ElevenLabs account."""

    id: str = Field(pattern="^[A-Za-z0-9]{1,64}$")
    name: str = Field("", max_length=200)
    """Shown to clients; empty: the id."""
    language: str = Field("en", pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
    """BCP-47 tag of the speaker's own language. The voice speaks all those of the model."""
    gender: Literal["female", "male"] | None = None


class ElevenLabsConfig(VoiceSettings, CloudSettings):
    """ElevenLabs. The key comes from ELEVENLABS_API_KEY."""

    provider: Literal["elevenlabs"] = "elevenlabs"
    base_url: str = Field("https://api.elevenlabs.io", max_length=500)
    """Accounts with data residency have another one, for example https://api.eu.residency.elevenlabs.io."""
    max_concurrency: int = Field(5, ge=1, le=1_000, json_schema_extra=LIVE)
    """Requests that are under way at the same time; the next ones wait. An account of the Creator plan has 5,
    others 2 to 15; what goes beyond is refused with 429."""
    model_id: Literal[
        "eleven_flash_v2_5",
        "eleven_flash_v2",
        "eleven_turbo_v2_5",
        "eleven_turbo_v2",
        "eleven_multilingual_v2",
        "eleven_v3",
    ] = Field("eleven_flash_v2_5", json_schema_extra=LIVE)
    """Flash answers soonest. What it speaks: 32 languages the v2_5 ones, 29 multilingual_v2, English alone
    flash_v2 and turbo_v2, more than 70 v3."""
    output_rate: Literal[8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] = Field(
        22_050, json_schema_extra=LIVE
    )
    """Samples per second that are asked for; 44,100 takes a Pro account."""
    voices: tuple[ElevenLabsVoice, ...] = Field((), max_length=1_000, json_schema_extra=LIVE)
    """The voices on offer; none named: those of the account, which is asked at the start and now and then."""
    default_voice: str = Field("", max_length=64, json_schema_extra=LIVE)
    """Id of the one that speaks where a client names none; empty: the first one."""
    stability: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """High: even, in the end monotonous; low: lively. None, here and in the next four: not sent."""
    similarity_boost: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """How close to the recordings of the speaker."""
    style: float | None = Field(None, ge=0, le=1, json_schema_extra=LIVE)
    """Exaggerates the speaker's style; above 0 the sound may come later."""
    use_speaker_boost: bool | None = Field(None, json_schema_extra=LIVE)
    """Still closer to the speaker; the sound comes later."""
    speed: float | None = Field(None, ge=0.7, le=1.2, json_schema_extra=LIVE)
    """For requests that leave the speed at 1. They may ask for 0.7 to 1.2 themselves; others are refused."""


class AzureSpeechConfig(VoiceSettings, AzureSettings):
    """Voices of Azure's Speech service. The key comes from AZURE_SPEECH_KEY."""

    provider: Literal["azure"] = "azure"
    base_url: str = Field("https://{region}.tts.speech.microsoft.com", max_length=500)
    """Sovereign clouds have another one, for example https://{region}.tts.speech.azure.cn."""
    output_rate: Literal[8_000, 16_000, 22_050, 24_000, 44_100, 48_000] = Field(
        24_000, json_schema_extra=LIVE
    )
    """Samples per second that are asked for. The voices are made for 24,000 and 48,000, other rates are made
    from those."""
    voices: tuple[str, ...] = Field((), max_length=1_000, json_schema_extra=LIVE)
    """Short names of the voices on offer, such as "pt-BR-FranciscaNeural"; none named: all of the region."""
    default_voices: dict[str, str] = Field({}, max_length=200, json_schema_extra=LIVE)
    """Language tag -> short name of the voice that speaks where a client names none; languages that are not
    named keep the table's voice."""
