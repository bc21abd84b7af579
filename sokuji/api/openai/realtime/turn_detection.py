"""Turn detection: what OpenAI's settings mean for the endpointing of a session."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sokuji.config import SegmentationSettings
from sokuji.errors import InvalidRequest

PARAM = "session.audio.input.turn_detection"
MIN_THRESHOLD, MAX_THRESHOLD = 0.01, 0.99
"""What the voice activity model is asked for where the client sends 0 or 1."""
SILENCES_MS = {
    "high": (160, 320, 640),
    "medium": (200, 640, 1_280),
    "auto": (200, 640, 1_280),
    "low": (480, 1_280, 2_560),
}
"""Eagerness -> silence that ends a turn: of complete words, of unknown words, of incomplete words."""
Eagerness = Literal["low", "medium", "high", "auto"]


class _TurnDetection(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    create_response: bool = True
    """Whether the end of a turn is answered; never in a transcription session."""
    interrupt_response: bool = False
    """Whether speech stops the responses to what was said before. OpenAI's default is true; an interpreter
    that falls silent while the speaker goes on would lose what was said."""


class ServerVad(_TurnDetection):
    """A turn ends with a silence of fixed length."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float = Field(0.5, ge=0, le=1, strict=False)
    prefix_padding_ms: int = Field(300, ge=0, le=2_000)
    silence_duration_ms: int = Field(500, ge=64, le=5_000)
    idle_timeout_ms: int | None = Field(None, ge=5_000, le=30_000)


class SemanticVad(_TurnDetection):
    """A turn ends with a silence whose length follows from what was said, and from the eagerness."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Eagerness = "auto"


def segmentation(detection: ServerVad | SemanticVad, service: SegmentationSettings) -> SegmentationSettings:
    """The endpointing of a session.

    Args:
        service: has what the client does not choose.

    Raises:
        InvalidRequest: the padding is too long for the utterances that the service takes.
    """
    changed: dict[str, object]
    if isinstance(detection, SemanticVad):
        least_ms, silence_ms, most_ms = SILENCES_MS[detection.eagerness]
        changed = {"endpoint": "adaptive", "min_silence_ms": least_ms, "max_silence_ms": most_ms}
    else:
        silence_ms = detection.silence_duration_ms
        changed = {
            "endpoint": "fixed",
            "vad_threshold": min(max(detection.threshold, MIN_THRESHOLD), MAX_THRESHOLD),
            "pre_roll_ms": detection.prefix_padding_ms,
        }
    changed |= {"silence_ms": silence_ms, "padding_ms": min(service.padding_ms, silence_ms // 2)}
    try:
        return service.replaced(changed)
    except ValidationError as error:
        message = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InvalidRequest(f"{PARAM}: {message}", param=PARAM) from None


def prefix_padding_ms(detection: ServerVad | SemanticVad | None, service: SegmentationSettings) -> int:
    """Audio before the speech that belongs to a turn."""
    return detection.prefix_padding_ms if isinstance(detection, ServerVad) else service.pre_roll_ms
