"""Tones: their samples after any conversion are known exactly."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


def tone(rate: int, seconds: float = 2.0, hertz: float = 440.0, amplitude: float = 10_000.0) -> Samples:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def to_pcm(samples: Samples) -> bytes:
    return samples.round().astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def assert_same_sound(heard: bytes, expected: Samples, *, tolerance: float = 0.01) -> None:
    """Equal except at the edges, where a filter has not settled; ``tolerance`` is a share of the peak."""
    middle = slice(800, len(expected) - 800)
    error = np.abs(from_pcm(heard)[middle] - expected[middle]).max()
    assert error <= tolerance * np.abs(expected).max()
