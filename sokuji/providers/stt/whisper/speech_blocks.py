"""Which tenths of a second of some audio are speech. Pure.

Times are in seconds from the beginning of the audio.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK_S = 0.1
"""Length of a block."""
_NEAR_S = 0.3
"""How far a cut may be moved into a pause."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechBlocks:
    """Of each block of some audio, whether it is speech. Shape (blocks,)."""

    blocks: NDArray[np.bool_]

    @property
    def end_s(self) -> float:
        """The end of the audio."""
        return len(self.blocks) * BLOCK_S

    def seconds_between(self, start_s: float, end_s: float) -> float:
        """Seconds of speech between two times."""
        first, last = (max(0, round(at_s / BLOCK_S)) for at_s in (start_s, end_s))
        return float(np.count_nonzero(self.blocks[first:last])) * BLOCK_S

    def pause_near(self, at_s: float) -> float:
        """The middle of the nearest block without speech; ``at_s`` itself if none is near."""
        quiet_s = (np.flatnonzero(~self.blocks) + 0.5) * BLOCK_S
        near = quiet_s[np.abs(quiet_s - at_s) <= _NEAR_S]
        return float(min(near, key=lambda time_s: abs(time_s - at_s), default=at_s))
