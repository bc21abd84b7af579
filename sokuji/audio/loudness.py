"""Loudness of speech: how it is measured, one level for all voices, and peaks that do not clip.

Loudness is the integrated loudness of EBU R 128 (ITU-R BS.1770-4), measured by FFmpeg's ``ebur128`` filter.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sokuji.audio.filter_graph import FilterGraph, Samples

TARGET_LUFS = -23.0
"""The programme loudness of EBU R 128. Peaks of speech are 13 to 20 dB above it, and so below full scale."""
CEILING = 10 ** (-1 / 20)
"""Peaks stay 1 dB below full scale, as EBU R 128 demands, because encoders and resamplers overshoot."""
LOOK_AHEAD_MS = 2
"""How long before a peak the limiter begins to turn down; it holds so much audio back."""
_SHORTEST_S = 0.4
"""The measurement is made in blocks of this length."""
_INTEGRATED = "lavfi.r128.I"
_SILENCE_LUFS = -70.0
"""The absolute gate of the measurement, which the filter reports for silence."""


def integrated_loudness(samples: Samples, rate: int) -> float:
    """The loudness of mono ``samples`` in LUFS; -inf for silence and for less than 0.4 s."""
    if len(samples) < _SHORTEST_S * rate:
        return -math.inf
    meter = FilterGraph(rate, ("ebur128", "metadata=1"))
    meter.push(samples)
    meter.end()
    # Each frame has the loudness of all audio so far, except a last one that is shorter than a block.
    readings = [float(frame.metadata.get(_INTEGRATED, -math.inf)) for frame in meter.pull()]
    return next((reading for reading in reversed(readings) if reading > _SILENCE_LUFS), -math.inf)


def gain_to_target(loudness: float) -> float:
    """The factor that brings speech of ``loudness`` LUFS to ``TARGET_LUFS``; 1 for silence."""
    return 1.0 if math.isinf(loudness) else float(10 ** ((TARGET_LUFS - loudness) / 20))


class Limiter:
    """Keeps the samples of one stream within ``CEILING``; passages without peaks pass unchanged.

    The gain of a sample is the moving average of the moving minimum of the gains that the samples around it
    require. All of these minima include the sample itself, so that it cannot exceed the ceiling.
    """

    def __init__(self, rate: int) -> None:
        self._window = max(rate * LOOK_AHEAD_MS // 1_000, 2)
        self._held: Samples = np.zeros(0, np.float32)
        self._required: NDArray[np.float64] = np.ones(self._window - 1)
        """The gains that the held samples and the ``window - 1`` samples before them require."""

    def add(self, samples: Samples, *, last: bool) -> Samples:
        """Add a block and return the audio that is ready; all audio out is as long as all audio in.

        Args:
            samples: the next block, possibly empty.
            last: whether it is the last one.
        """
        required = CEILING / np.maximum(np.abs(samples, dtype=np.float64), CEILING)
        after = np.ones(self._window - 1 if last else 0)
        required = np.concatenate([self._required, required, after])
        held = np.concatenate([self._held, samples])
        ready = max(len(required) - 2 * (self._window - 1), 0)
        self._held, self._required = held[ready:], required[ready:]
        if not ready or required.min() == 1:
            return held[:ready]
        minima = sliding_window_view(required, self._window).min(axis=1)
        gains = sliding_window_view(minima, self._window).mean(axis=1)
        limited: Samples = (held[:ready] * gains).astype(np.float32)
        return limited
