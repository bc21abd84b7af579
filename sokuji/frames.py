"""Frames of audio as the voice activity model rates them, and where among them a cut does the least harm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sokuji.audio import RECOGNISER_RATE, duration_ms

FRAME_SAMPLES = 512
"""Samples of one frame, mono int16 at 16 kHz; what the voice activity model takes."""
FRAME_MS = 32

# A cut is made in the quietest stretch of this many frames (160 ms): a pause between two words, where a
# single frame could be the closure of a "t".
_PAUSE_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """Mono int16 at 16 kHz and what is known of it; the last one before a flush may be short."""

    pcm: bytes
    probability: float
    """Of speech, 0 to 1."""
    voiced: bool
    at_ms: int
    """Time of its first sample."""

    @property
    def end_ms(self) -> int:
        """Time behind its last sample."""
        return self.at_ms + duration_ms(self.pcm, RECOGNISER_RATE)


def quietest(frames: Sequence[Frame], first: int) -> int:
    """Index of the frame, from ``first`` on, in the middle of the stretch with the least speech.

    The measure is RMS level times speech probability: the level tells a pause from a word where the
    probability stays high, the probability where there is constant noise.
    """
    levels = [
        frame.probability
        * float(np.sqrt(np.mean(np.square(np.frombuffer(frame.pcm, "<i2"), dtype=np.float64))))
        for frame in frames[first:]
    ]
    stretch = min(_PAUSE_FRAMES, len(levels))
    smoothed = np.convolve(levels, np.ones(stretch), mode="valid")
    return first + int(np.argmin(smoothed)) + stretch // 2
