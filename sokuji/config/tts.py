"""Settings of the synthesisers."""

from typing import Literal

from pydantic import Field

from sokuji.config.settings import LIVE, MOST_WORKERS, Settings


class PiperConfig(Settings):
    """Piper voices. ``tts_model`` is "en_US-joe-medium" (embedded), a hub voice or a local ``.onnx`` file."""

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


class KokoroConfig(Settings):
    """Kokoro-82M as int8 ONNX with phonemes from espeak-ng. The embedded voices have a Japanese accent."""

    provider: Literal["kokoro"] = "kokoro"
    default_voice: str = Field("jm_kumo", json_schema_extra=LIVE)
    """Speaks where a client names no voice. Of the embedded voices this one is understood best."""
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free cores a second one takes a tenth off the time of a phrase, and
    costs a third more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: the cores found, at most 4."""
