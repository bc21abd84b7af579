"""Streaming mix of several channels to one, in which channels of opposite phase do not cancel.

Channels that agree, or have nothing in common, are averaged. Two exceptions keep what plain averaging loses:

- A channel that is opposed to the sum of those before it (a miswired plug, a stereo effect) is subtracted.
- A channel much quieter than the loudest one (a dead input) is added, but not counted in the average.

Whether channels are opposed is the sign of their coherence: the mean cosine of their phase difference over
the frequencies from 300 to 4,000 Hz. It is 1 for equal and -1 for opposed channels at any level, and near 0
for channels that are unrelated, or equal with a delay (microphones apart): their phase depends on the
frequency. Frequencies are weighted by a small power of their magnitude, or loud vowels alone would decide.
Below 300 Hz, hum and offsets are often equal in channels whose speech is opposed.

The mix is decided for each block of 20 ms; a change is a fade of 5 ms.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK_S = 0.02
_FADE_S = 0.005
_LOWEST_HZ, _HIGHEST_HZ = 300, 4_000
_WEIGHT = 0.3
"""Power to which magnitudes are raised."""
_OPPOSED = 0.4
"""A channel is subtracted from a coherence below minus this, and added again from one above it."""
_MEMORY = 0.7
"""Share of the previous phase differences that is kept per block."""
_QUIET = 1e-3
"""Energy of a quiet channel as a share of the loudest one: -30 dB."""
_LEVEL_MEMORY = 0.99
"""Share of a channel's energy that is kept per block: 20 dB in nine seconds."""


class Downmixer:
    """Mixes a stream of float32 samples with several channels to one, chunk by chunk.

    The result does not depend on how the stream is divided into chunks. Output trails the input by up to
    20 ms until ``flush``. The mix of samples within a range stays within it, but for the time in which a
    channel that was quiet becomes loud.

    Args:
        rate: samples per second.
        channels: at least 1.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._block = round(BLOCK_S * rate)
        self._fade = np.linspace(0, 1, round(_FADE_S * rate), endpoint=False, dtype=np.float32)[:, np.newaxis]
        self._window = np.hanning(self._block)[:, np.newaxis]
        self._bins = slice(round(_LOWEST_HZ * BLOCK_S), round(_HIGHEST_HZ * BLOCK_S))
        self._channels = channels
        self._pending = np.empty((0, channels), np.float32)
        self._reset_weights()

    def push(self, samples: Samples) -> Samples:
        """Mix samples of shape (time, channels); returns those of the blocks that are complete."""
        if self._channels == 1:
            return samples[:, 0]
        pending = np.concatenate((self._pending, samples))
        complete = len(pending) - len(pending) % self._block
        self._pending = pending[complete:]
        return self._mix(pending[:complete].reshape(-1, self._block, self._channels))

    def flush(self) -> Samples:
        """Return the mix of the last, incomplete block, and reset: the next ``push`` begins a new stream."""
        block = self._pending
        self._pending = block[:0]
        mixed = self._mix(block[np.newaxis]) if len(block) else block[:, 0]
        self._reset_weights()
        return mixed

    def _reset_weights(self) -> None:
        self._signs = np.ones(self._channels)
        self._coherence = np.zeros((self._channels, self._channels))
        self._levels = np.zeros(self._channels)
        self._weights: Samples | None = None

    def _mix(self, blocks: Samples) -> Samples:
        """Mix blocks of shape (blocks, time, channels); a block shorter than the others is padded."""
        window = self._window[: blocks.shape[1]]
        spectra = np.fft.rfft(blocks * window, self._block, axis=1)[:, self._bins]
        magnitudes = np.abs(spectra)
        weighted = spectra * np.maximum(magnitudes, 1e-9) ** (_WEIGHT - 1)
        products = (weighted.transpose(0, 2, 1) @ weighted.conj()).real
        energies = (magnitudes**2).sum(axis=1)
        mixed = np.empty(blocks.shape[:2], np.float32)
        for block, out, *measured in zip(blocks, mixed, products, energies, strict=True):
            before, self._weights = self._weights, self._next_weights(*measured)
            np.matmul(block, self._weights, out=out)
            if before is not None and (before != self._weights).any():
                begin = block[: len(self._fade)]
                fade = self._fade[: len(begin)]
                out[: len(begin)] = (begin * (before + fade * (self._weights - before))).sum(axis=1)
        return mixed.reshape(-1)

    def _next_weights(self, products: NDArray[np.float64], energies: NDArray[np.float64]) -> Samples:
        self._coherence = _MEMORY * self._coherence + products
        self._levels = np.maximum(_LEVEL_MEMORY * self._levels, energies)
        self._update_signs()
        counted = max(1, int((self._levels >= _QUIET * self._levels.max()).sum()))
        return (self._signs / counted).astype(np.float32)

    def _update_signs(self) -> None:
        """Compare each channel with the signed sum of those before it."""
        products, signs = self._coherence, self._signs
        for channel in range(1, self._channels):
            before = signs[:channel]
            common = float(products[channel, :channel] @ before)
            energy = float(before @ products[:channel, :channel] @ before) * products[channel, channel]
            limit = _OPPOSED * np.sqrt(max(energy, 0.0))
            if abs(common) > limit:
                signs[channel] = 1 if common > 0 else -1
