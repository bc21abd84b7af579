"""Changes the tempo of speech without its pitch, block by block.

FFmpeg's ``atempo`` filter (WSOLA) does the work. Its output is a few milliseconds too long or too short; here
it has exactly the length that was asked for.
"""

import numpy as np

from sokuji.audio.filter_graph import FilterGraph, Samples

TEMPOS = (0.25, 4.0)
_PADDING_S = 0.2
"""Silence after the last block, so that the filter emits all of the speech before it."""
_BLOCK_MS = 10
"""The filter emits frames that correspond to the ones it is fed: with short ones it holds little back."""
_SLOWEST_FILTER = 0.5
"""One filter reaches down to half the tempo."""


class TimeStretcher:
    """Stretches one stream; all audio out lasts as long as all audio in, divided by ``tempo``.

    Args:
        rate: samples per second.
        tempo: within ``TEMPOS``; 2.0 is twice as fast.
    """

    def __init__(self, rate: int, tempo: float) -> None:
        self._padding = np.zeros(int(_PADDING_S * rate), np.float32)
        self._block = rate * _BLOCK_MS // 1_000
        self._tempo = tempo
        factors = [tempo] if tempo >= _SLOWEST_FILTER else [_SLOWEST_FILTER, tempo / _SLOWEST_FILTER]
        self._filters = FilterGraph(rate, *(("atempo", f"{factor:.6f}") for factor in factors))
        # A frame of which less than half a sample would be left makes the filter fail.
        self._held = np.zeros(0, np.float32)
        self._taken = 0
        self._emitted = 0

    def add(self, samples: Samples, *, last: bool) -> Samples:
        """Add a block and return the audio that is ready, possibly empty.

        Args:
            samples: the next block, possibly empty.
            last: whether it is the last one; nothing may be added after it.
        """
        held = np.concatenate([self._held, samples])
        whole = len(held) // self._block * self._block
        for start in range(0, whole, self._block):
            self._filters.push(held[start : start + self._block])
        self._held = held[whole:]
        self._taken += len(samples)
        if last:
            self._filters.push(np.concatenate([self._held, self._padding]))
            self._filters.end()
        frames = [frame.to_ndarray().reshape(-1) for frame in self._filters.pull()]
        ready = np.concatenate([np.zeros(0, np.float32), *frames])
        if last:
            rest = round(self._taken / self._tempo) - self._emitted
            ready = np.pad(ready, (0, max(rest - len(ready), 0)))[: max(rest, 0)]
        self._emitted += len(ready)
        return ready
