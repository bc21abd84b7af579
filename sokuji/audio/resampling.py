"""Streaming conversion of PCM between sample rates and from several channels to one (FFmpeg's swresample)."""

import math

import numpy as np
from numpy.typing import NDArray

from sokuji.audio.downmix import Downmixer
from sokuji.audio.filter_graph import FilterGraph
from sokuji.audio.pcm import MAX_CHANNELS, MAX_RATE, MIN_RATE
from sokuji.errors import InvalidAudio, InvalidRequest

_TAPS = 128
_QUALITY = f"filter_size={_TAPS}:cutoff=0.97"
"""Flat within 0.1 dB up to 7.5 of 8 kHz, 80 dB down at 8.1 kHz."""


class StreamingResampler:
    """Converts a stream of interleaved PCM to mono PCM of another sample rate, chunk by chunk.

    The result does not depend on how the stream is divided into chunks. Output trails the input by 2 to
    8 ms until ``flush``; by up to 20 ms more with several channels, which ``Downmixer`` mixes. A resampler
    that works in blocks would hold back more, and the end of what is said with it.

    Args:
        in_rate: sample rate of the input, 8,000 to 48,000 Hz.
        out_rate: sample rate of the output, 8,000 to 48,000 Hz.
        channels: interleaved channels of the input, 1 to 8.

    Raises:
        InvalidRequest: a rate or channel count out of bounds.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int = 1) -> None:
        _check("sample_rate", in_rate, MIN_RATE, MAX_RATE)
        _check("output_sample_rate", out_rate, MIN_RATE, MAX_RATE)
        _check("channels", channels, 1, MAX_CHANNELS)
        self._channels = channels
        self._downmixer = Downmixer(in_rate, channels)
        self._in_rate, self._out_rate = in_rate, out_rate
        self._begin()

    def _begin(self) -> None:
        converts = self._in_rate != self._out_rate
        filters = ("aresample", f"{self._out_rate}:{_QUALITY}")
        self._graph = FilterGraph(self._in_rate, filters) if converts else None

    @property
    def held_samples(self) -> int:
        """Of the output: by how many it trails the input at most, but for the mixing of channels."""
        if self._graph is None:
            return 0
        return math.ceil(_TAPS / 2 * max(1.0, self._out_rate / self._in_rate)) + 2

    def push(self, pcm: bytes, *, last: bool = False) -> bytes:
        """Convert whole frames of int16 little-endian PCM; returns the mono samples that are ready.

        Args:
            pcm: one sample per channel in each frame.
            last: the stream ends here; the output includes that of ``flush``.

        Raises:
            InvalidAudio: ``pcm`` ends within a frame.
        """
        ready = self._convert(pcm)
        return ready + self.flush() if last else ready

    def _convert(self, pcm: bytes) -> bytes:
        frame_bytes = 2 * self._channels
        if len(pcm) % frame_bytes:
            raise InvalidAudio(
                f"{len(pcm)} bytes are not whole frames: 16-bit PCM with {self._channels} channel(s) takes "
                f"{frame_bytes} bytes a frame",
                param="data",
            )
        if self._graph is None and self._channels == 1:
            return pcm
        samples = np.frombuffer(pcm, "<i2").reshape(-1, self._channels).astype(np.float32)
        return self._resampled(self._downmixer.push(samples))

    def flush(self) -> bytes:
        """Return the samples that trail the input, and reset: the next ``push`` begins a new stream."""
        rest = self._resampled(self._downmixer.flush())
        if self._graph is not None:
            self._graph.end()
            rest += self._ready(self._graph)
            self._begin()
        return rest

    def _resampled(self, mono: NDArray[np.float32]) -> bytes:
        if self._graph is None:
            return to_pcm(mono)
        self._graph.push(mono)
        return self._ready(self._graph)

    def _ready(self, graph: FilterGraph) -> bytes:
        return b"".join(to_pcm(frame.to_ndarray().ravel().astype(np.float32)) for frame in graph.pull())


def _check(param: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidRequest(f"{param} must be from {least} to {most} (got {value})", param=param)


def to_pcm(samples: NDArray[np.float32]) -> bytes:
    """Float samples in the range of int16 as PCM, rounded and clipped."""
    return np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()


def resample(pcm: bytes, in_rate: int, out_rate: int) -> bytes:
    """Convert mono PCM to another sample rate; bounds and errors as for ``StreamingResampler``."""
    return StreamingResampler(in_rate, out_rate).push(pcm, last=True)
