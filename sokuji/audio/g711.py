"""G.711: the 8 kHz telephony formats µ-law and A-law, to and from PCM.

A byte is a sample, so that audio may be cut anywhere.

The tables are what FFmpeg's codecs (by way of PyAV) make of all bytes and of all 16-bit samples.
"""

from functools import cache
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

G711_RATE = 8_000
"""Samples per second."""
Law = Literal["mulaw", "alaw"]


def decode(encoded: bytes, law: Law) -> bytes:
    """Mono int16 little-endian PCM of G.711 audio."""
    samples: NDArray[np.int16] = _decoding_table(law)[np.frombuffer(encoded, np.uint8)]
    return samples.tobytes()


def encode(pcm: bytes, law: Law) -> bytes:
    """G.711 audio of mono int16 little-endian PCM."""
    codes: NDArray[np.uint8] = _encoding_table(law)[np.frombuffer(pcm, "<i2").view("<u2")]
    return codes.tobytes()


def _codec(law: Law, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    codec = av.AudioCodecContext.create(f"pcm_{law}", mode)
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout = G711_RATE, "mono"
    return codec


@cache
def _decoding_table(law: Law) -> NDArray[np.int16]:
    """Byte -> sample."""
    (frame,) = _codec(law, "r").decode(av.Packet(bytes(range(256))))
    return np.frombuffer(bytes(frame.planes[0])[: 2 * frame.samples], "<i2")


@cache
def _encoding_table(law: Law) -> NDArray[np.uint8]:
    """Sample, read as an unsigned number -> byte."""
    codec = _codec(law, "w")
    codec.format = "s16"
    samples = np.arange(2**16, dtype=np.uint16).view(np.int16)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = G711_RATE
    return np.frombuffer(b"".join(bytes(packet) for packet in codec.encode(frame)), np.uint8)
