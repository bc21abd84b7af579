"""Settings of voice activity detection and of the endpoint: when an utterance begins and ends."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from sokuji.config.settings import Condition, Settings

Endpoint = Literal["adaptive", "fixed"]
_BOUNDS = ("min_silence_ms", "max_silence_ms")


def _is_adaptive(settings: "SegmentationSettings") -> bool:
    return settings.endpoint == "adaptive"


class SegmentationSettings(Settings):
    """When an utterance begins and ends. Times are milliseconds of audio."""

    conditions: ClassVar = tuple(Condition(field, "endpoint is adaptive", _is_adaptive) for field in _BOUNDS)

    vad_threshold: float = Field(0.5, gt=0, lt=1)
    """Speech probability at which speech begins; it ends when the probability falls below this minus 0.15."""
    min_speech_ms: int = Field(128, ge=32, le=2_000)
    """Shorter speech is discarded as noise, unless the client sends flush or end."""
    endpoint: Endpoint = "adaptive"
    """``adaptive``: a conversation ends an utterance after ``min_silence_ms`` where its words are complete,
    up to ``max_silence_ms`` where they are not, and ``silence_ms`` while they are not recognised.
    ``fixed``: always ``silence_ms``. Recordings, whose pauses cost nobody time, are always ``fixed``."""
    min_silence_ms: int = Field(200, ge=64, le=5_000)
    """Silence that ends an utterance whose words are complete."""
    silence_ms: int = Field(480, ge=64, le=5_000)
    """Silence that ends an utterance of whose words nothing is known."""
    max_silence_ms: int = Field(900, ge=64, le=5_000)
    """Silence that ends an utterance whose words are not complete."""
    pre_roll_ms: int = Field(480, ge=0, le=2_000)
    """Audio kept before the first speech frame: after silence the model can miss the first syllable."""
    padding_ms: int = Field(64, ge=0, le=2_000)
    """Silence kept after the last speech frame. After this much silence the session starts to speculate,
    which requires that it is shorter than ``silence_ms``."""
    max_utterance_ms: int = Field(20_000, ge=2_000, le=28_000)
    """A longer utterance is cut at the quietest point of its last third. Whisper's window is 30 s."""

    @model_validator(mode="after")
    def _check_utterance_length(self) -> Self:
        # A cut in the last third must leave speech before it.
        if 2 * (self.pre_roll_ms + self.min_speech_ms) > self.max_utterance_ms:
            raise ValueError("pre_roll_ms + min_speech_ms must not exceed half of max_utterance_ms")
        return self

    @model_validator(mode="after")
    def _check_order_of_silences(self) -> Self:
        if _is_adaptive(self) and not self.min_silence_ms <= self.silence_ms <= self.max_silence_ms:
            raise ValueError("min_silence_ms <= silence_ms <= max_silence_ms must hold, or endpoint be fixed")
        return self

    def replaced(self, values: Mapping[str, object]) -> Self:
        """These settings with ``values`` in place of some, validated; a fixed endpoint has no bounds.

        Raises:
            pydantic.ValidationError: a value is out of range, or the silences are out of order.
        """
        merged = {**self.model_dump(), **values}
        without = _BOUNDS if merged["endpoint"] == "fixed" else ()
        return self.model_validate({name: value for name, value in merged.items() if name not in without})
