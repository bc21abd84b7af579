"""Audio as gRPC's messages have it: checked, and as the int16 PCM that the engine takes, or made of that."""

from typing import Literal, NamedTuple

import numpy as np

from sokuji.audio.pcm import MAX_CHANNELS, MAX_RATE, MIN_RATE, RECOGNISER_RATE
from sokuji.audio.resampling import StreamingResampler, to_pcm
from sokuji.errors import InvalidAudio, InvalidRequest
from sokuji.proto.common_pb2 import AudioChunk

SampleFormat = Literal["int16", "float32"]
FORMATS: tuple[SampleFormat, ...] = ("int16", "float32")
_FULL_SCALE = 32_768.0


class ChunkFormat(NamedTuple):
    """What all chunks of a stream have in common."""

    sample_rate: int
    """Hz of each channel."""
    channels: int
    samples: SampleFormat


def format_of(chunk: AudioChunk, where: str = "") -> ChunkFormat:
    """The format of a chunk, in which a field that is not set has its default.

    Args:
        where: how errors name the message of the chunk, with a dot at its end.

    Raises:
        InvalidRequest: a field has a value that is not accepted.
    """
    return ChunkFormat(
        _bounded(f"{where}sample_rate", chunk.sample_rate or RECOGNISER_RATE, MIN_RATE, MAX_RATE),
        _bounded(f"{where}channels", chunk.channels or 1, 1, MAX_CHANNELS),
        sample_format(chunk.format, f"{where}format"),
    )


def sample_format(name: str, param: str) -> SampleFormat:
    """The format of samples with this name; empty: int16.

    Raises:
        InvalidRequest: there is none.
    """
    found = next((each for each in FORMATS if each == (name or "int16")), None)
    if found is None:
        raise InvalidRequest(
            f"{param} {name[:40]!r} is not accepted; accepted: {', '.join(FORMATS)}", param=param
        )
    return found


def _bounded(param: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise InvalidRequest(f"{param} must be from {least} to {most} (got {value})", param=param)
    return value


def pcm_of(data: bytes, samples: SampleFormat, param: str) -> bytes:
    """Interleaved int16 PCM.

    Raises:
        InvalidAudio: the bytes are not whole samples, or a sample is no finite number.
    """
    if samples == "int16":
        return data
    if len(data) % 4:
        raise InvalidAudio(f"{param} has {len(data)} bytes, which are not whole float32 samples", param=param)
    values = np.frombuffer(data, "<f4")
    if not np.isfinite(values).all():
        raise InvalidAudio(f"{param} has samples that are no finite numbers", param=param)
    return to_pcm(values * np.float32(_FULL_SCALE))


def samples_of(pcm: bytes, samples: SampleFormat) -> bytes:
    """Int16 PCM in a format of samples; float32 is in the range of -1 to 1."""
    if samples == "int16":
        return pcm
    return (np.frombuffer(pcm, "<i2") / np.float32(_FULL_SCALE)).astype("<f4").tobytes()


def recogniser_pcm(chunk: AudioChunk, where: str) -> bytes:
    """A whole recording as mono int16 PCM at ``RECOGNISER_RATE``; computes for a while.

    Raises:
        InvalidRequest, InvalidAudio: as ``format_of`` and ``pcm_of``, or the recording is empty.
    """
    found, param = format_of(chunk, where), f"{where}data"
    pcm = pcm_of(chunk.data, found.samples, param)
    if not pcm or len(pcm) % (2 * found.channels):
        raise InvalidAudio(
            f"{param} has {len(chunk.data)} bytes, which are not whole samples of {found.channels} channels",
            param=param,
        )
    return StreamingResampler(found.sample_rate, RECOGNISER_RATE, found.channels).push(pcm, last=True)
