"""What is done to the samples of a voice before they leave as PCM: level, peaks, speed.

All voices that run on this machine get one loudness, by a constant gain for each voice: a gain that follows
the speech would make neighbouring phrases differ. The speed is set here and not by the models, which round
the duration of each phoneme and so do not follow the speed that they are given.
"""

import numpy as np
from numpy.typing import NDArray

from sokuji.audio.filter_graph import Samples
from sokuji.audio.loudness import Limiter
from sokuji.audio.time_stretch import TimeStretcher


class Postprocessing:
    """Samples of one request to PCM, block by block.

    Args:
        rate: samples per second.
        speed: 2.0 makes the audio exactly half as long.
        gain: factor of the samples, before the limiter.
    """

    def __init__(self, rate: int, *, speed: float, gain: float) -> None:
        self._gain = np.float32(gain)
        self._limiter = Limiter(rate)
        self._stretcher = None if speed == 1 else TimeStretcher(rate, speed)

    def add(self, samples: Samples, *, last: bool) -> bytes:
        """Add a block and return what is ready: mono int16 little-endian PCM, possibly empty.

        Args:
            samples: the next block, possibly empty.
            last: whether it is the last one.
        """
        samples = samples * self._gain
        if self._stretcher is not None:
            samples = self._stretcher.add(samples, last=last)
        samples = self._limiter.add(samples, last=last)
        pcm: NDArray[np.int16] = (samples * 32_767).astype("<i2")
        return pcm.tobytes()
