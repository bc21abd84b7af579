"""Reduces steady noise in a stream of speech: fans, hiss, the hum of a room. FFmpeg's ``afftdn`` does it.

What goes in comes out at the same place of the stream, 35 ms later at most. It is for voice activity
detection: Whisper, which has learned from noisy recordings, makes more mistakes in what is left of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sokuji.audio.filter_graph import FilterGraph, Samples
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import to_pcm

MAX_REDUCTION_DB = 12.0
"""At full strength; more would cut into the speech."""
_NOISE_FLOOR_DB = {"near_field": -45, "far_field": -35}
"""Loudest noise, in dB of full scale: a distant microphone is amplified, and so is its room."""
_DELAY = 400
"""Samples by which ``afftdn`` shifts what it puts out at ``RECOGNISER_RATE``."""


@dataclass(frozen=True, slots=True)
class NoiseSuppression:
    """How much noise is removed."""

    kind: Literal["near_field", "far_field"]
    """Where the microphone is: a headset, or a room."""
    strength: float = 1.0
    """0 (none) to 1."""


class NoiseSuppressor:
    """Reduces the noise of one stream of mono int16 little-endian PCM at ``RECOGNISER_RATE``."""

    def __init__(self, settings: NoiseSuppression) -> None:
        reduction_db = max(0.01, MAX_REDUCTION_DB * settings.strength)
        self._filter = ("afftdn", f"nr={reduction_db:.2f}:nf={_NOISE_FLOOR_DB[settings.kind]}")
        self._begin()

    def _begin(self) -> None:
        self._graph = FilterGraph(RECOGNISER_RATE, self._filter)
        self._pushed = self._emitted = 0
        self._to_skip = _DELAY

    def push(self, pcm: bytes) -> bytes:
        """The audio that is ready after this piece of it."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
        self._pushed += len(samples)
        self._graph.push(samples)
        return self._ready()

    def flush(self) -> bytes:
        """The rest; the audio after it is a new stream."""
        self._graph.push(np.zeros(_DELAY, np.float32))
        self._graph.end()
        rest = self._ready()
        self._begin()
        return rest

    def _ready(self) -> bytes:
        pieces = list(self._pieces())
        return to_pcm(32_768 * np.concatenate(pieces)) if pieces else b""

    def _pieces(self) -> Iterator[Samples]:
        for frame in self._graph.pull():
            samples: Samples = frame.to_ndarray().astype(np.float32).ravel()
            piece = samples[self._to_skip :][: self._pushed - self._emitted]
            self._to_skip = max(0, self._to_skip - len(samples))
            self._emitted += len(piece)
            yield piece
