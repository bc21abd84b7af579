"""Streaming mix of several channels to one, in which channels of opposite phase do not cancel.

Channels that agree, or have nothing in common, are averaged. Two exceptions keep what plain averaging loses:

- A channel that is opposed to the sum of those before it (a miswired plug, a stereo effect) is subtracted. So
  the mix of two channels never has less than half of their joint energy.
- A channel much quieter than the loudest one (a dead input) is added, but not counted in the average.

Both are decided for each block of 20 ms, without the lowest frequencies: hum and offsets are often equal in
channels whose speech is opposed. A change of the mix is a fade of 5 ms.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK_S = 0.02
_FADE_S = 0.005
# Decisions see the frequencies from about 300 to 4,000 Hz: means of about this rate, and their differences.
_DECISION_RATE = 8_000
# A channel is subtracted from a correlation of -0.5 on, and added again from 0 on.
_OPPOSED = -0.5
_MEMORY = 0.5
"""Share of the previous correlation that is kept per block."""
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
        self._means_of = max(1, round(rate / _DECISION_RATE))
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
        blocks = pending[:complete].reshape(-1, self._block, self._channels)
        products = self._products(blocks)
        return np.concatenate(
            [np.empty(0, np.float32), *(self._mix(*each) for each in zip(blocks, products, strict=True))]
        )

    def flush(self) -> Samples:
        """Return the mix of the last, incomplete block, and reset: the next ``push`` begins a new stream."""
        block = self._pending
        self._pending = block[:0]
        mixed = self._mix(block, self._products(block[np.newaxis])[0]) if len(block) else block[:, 0]
        self._reset_weights()
        return mixed

    def _reset_weights(self) -> None:
        self._signs = np.ones(self._channels)
        self._correlated = np.zeros((self._channels, self._channels))
        self._levels = np.zeros(self._channels)
        self._weights: Samples | None = None

    def _products(self, blocks: Samples) -> NDArray[np.float64]:
        """The inner products of the channels of each block, shape (blocks, channels, channels)."""
        count, length, channels = blocks.shape
        groups = length // self._means_of
        grouped = blocks[:, : groups * self._means_of].reshape(count, groups, self._means_of, channels)
        changes = np.diff(grouped.sum(axis=2, dtype=np.float64), axis=1)
        products: NDArray[np.float64] = changes.transpose(0, 2, 1) @ changes
        return products

    def _mix(self, block: Samples, products: NDArray[np.float64]) -> Samples:
        self._correlated = _MEMORY * self._correlated + products
        self._levels = np.maximum(_LEVEL_MEMORY * self._levels, products.diagonal())
        self._update_signs()
        counted = max(1, int((self._levels >= _QUIET * self._levels.max()).sum()))
        before, self._weights = self._weights, (self._signs / counted).astype(np.float32)
        mixed: Samples = block @ self._weights
        if before is not None and (before != self._weights).any():
            begin = block[: len(self._fade)]
            fade = self._fade[: len(begin)]
            mixed[: len(begin)] = (begin * (before + fade * (self._weights - before))).sum(axis=1)
        return mixed

    def _update_signs(self) -> None:
        """Compare each channel with the signed sum of those before it."""
        products, signs = self._correlated, self._signs
        for channel in range(1, self._channels):
            before = signs[:channel]
            common = float(products[channel, :channel] @ before)
            energy = float(before @ products[:channel, :channel] @ before) * products[channel, channel]
            if common < _OPPOSED * np.sqrt(max(energy, 0.0)):
                signs[channel] = -1
            elif common > 0:
                signs[channel] = 1
