"""Settings of the diarization providers, which tell speakers apart."""

from typing import Literal

from pydantic import Field

from sokuji.config.settings import LIVE, MAX_WORKERS, Settings


class CampPlusConfig(Settings):
    """CAM++ and pyannote's segmentation model, both embedded, on ONNX Runtime."""

    provider: Literal["campplus"] = "campplus"
    num_workers: int = Field(1, ge=1, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Computations that run at the same time."""
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one computation on a CPU."""
    same_speaker: float = Field(0.45, gt=0, lt=1, json_schema_extra=LIVE)
    """Cosine similarity from which two voices are taken for the same. Lower values give fewer speakers."""
