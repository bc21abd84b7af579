"""Settings of the recognisers."""

from typing import Literal

from pydantic import Field

from sokuji.config.settings import LIVE, MOST_WORKERS, Settings


class FasterWhisperConfig(Settings):
    """Whisper under CTranslate2. ``model_size`` is "base" (embedded), a hub name or a local folder."""

    provider: Literal["faster_whisper"] = "faster_whisper"
    model_size: str = Field("base", min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "int8"
    """A CTranslate2 type that the device supports: int8, int8_float16, float16, float32, ..."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Batches that are computed at the same time, on the same weights; 0: one for two cores, 4 at most; on a
    GPU 2. Fewer workers put more together. More than the cores, or than at the start, take a new replica."""
    cpu_threads: int = Field(0, ge=0, le=256)
    """Threads of one batch on a CPU; 0: half of the cores, divided among the workers at the start, at most 4.
    Only the encoder gains by a second one."""
    batch_size: int = Field(8, ge=1, le=64, json_schema_extra=LIVE)
    """Utterances of all callers that are computed together, at most; 1: none are."""
    batch_wait_ms: float = Field(0, ge=0, le=1_000, json_schema_extra=LIVE)
    """How long an utterance waits for others while a worker is free. Batches form without that as soon as all
    workers are busy; on a GPU, where a batch costs hardly more than one, a few milliseconds may pay."""
    beam_size: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    best_of: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    """Candidates when sampling, which happens only at temperatures above 0."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    second_hearing: Literal["always", "if_idle", "never"] = Field("if_idle", json_schema_extra=LIVE)
    """When an utterance of which the model is unsure is heard again in a window of 20 s, which takes twice as
    long as the first time, and some errors off difficult speech. ``if_idle``: not while there are others to
    recognise. One in which the model has lost itself is heard again in any case, in the full 30 s."""
    vad_filter: bool = Field(False, json_schema_extra=LIVE)
    """Drop silence once more before recognition; sessions have cut it away already."""
    vad_threshold: float = Field(0.5, gt=0, lt=1, json_schema_extra=LIVE)
    """Speech threshold of ``vad_filter``."""
