"""Decodes uploaded recordings within limits (FFmpeg, by way of PyAV)."""

import ctypes
import io
import itertools
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import BinaryIO

import av
import av.buffer
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Discard

from sokuji.audio.downmix import Downmixer
from sokuji.audio.media_formats import FILE_FORMATS, audio_decoders, describe, open_media
from sokuji.audio.pcm import MAX_CHANNELS, MIN_RATE, RECOGNISER_RATE
from sokuji.audio.resampling import to_pcm
from sokuji.errors import InvalidAudio, TooLarge

_MAX_FILE_RATE = 384_000
_CHUNK_SAMPLES = RECOGNISER_RATE


# A header of a few bytes can claim a title of 4 GiB, which FFmpeg allocates before it reads. av_max_alloc()
# bounds a single allocation in the whole process. PyAV does not wrap it, but its libraries export it.
_MAX_ALLOCATION = 64 * 2**20

_FFMPEG = ctypes.CDLL(av.buffer.__file__)


def decode(source: bytes | BinaryIO, *, max_seconds: float, name: str = "") -> bytes:
    """Decode a recording to mono PCM at ``RECOGNISER_RATE``, in this process.

    It blocks, and takes the time and memory that the file asks for: ``decoder_process`` decodes the files of
    others.

    Args:
        source: the file's bytes, or a seekable binary file.
        max_seconds, name: as for ``pcm_chunks``.

    Raises:
        InvalidAudio, TooLarge, MemoryError: see ``pcm_chunks``.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    return b"".join(pcm_chunks(file, max_seconds=max_seconds, name=name))


def pcm_chunks(file: BinaryIO, *, max_seconds: float, name: str = "") -> Generator[bytes, None, None]:
    """Mono PCM at ``RECOGNISER_RATE``, while it is decoded.

    Every format that FFmpeg decodes is accepted, and detected from the content. Of a file that is truncated
    or damaged in places, what can be decoded is returned.

    Args:
        file: seekable.
        max_seconds: longest recording accepted; decoding stops as soon as it is exceeded.
        name: of the file; for formats that have no header, its suffix tells which one it is.

    Raises:
        InvalidAudio: nothing in it can be decoded, or its rate or channel count is out of range.
        TooLarge: the recording is longer than ``max_seconds``.
        MemoryError: the file needs more memory than this process has, or has more than ``MAX_TRACKS`` tracks.
    """
    limit, decoded = int(max_seconds * RECOGNISER_RATE) * 2, 0
    _FFMPEG.av_max_alloc(ctypes.c_size_t(_MAX_ALLOCATION))
    try:
        with open_media(file, name) as container:
            for chunk in _recogniser_pcm(_frames(container)):
                decoded += len(chunk)
                if decoded > limit:
                    raise TooLarge(f"the recording is longer than {max_seconds:g} s", param="audio_file")
                yield chunk
    except MemoryError:
        raise  # PyAV's is an FFmpegError as well.
    except FFmpegError:
        pass  # An unknown format, or a damaged header.
    if not decoded:
        raise InvalidAudio(
            f"no audio can be decoded from this: found {describe(file, name)}; accepted: {FILE_FORMATS}",
            param="audio_file",
        )


def _frames(container: InputContainer) -> Iterator[av.AudioFrame]:
    """The decoded frames of the first audio track that can be decoded, up to an error.

    Damaged packets are left out. Nothing is read of the other tracks where the container allows that.
    """
    tracks = (each for each in container.streams.audio if each.codec_context)
    for stream in [each for each in tracks if each.codec_context.name in audio_decoders()][:1]:
        for other in container.streams:
            other.discard = Discard.default if other is stream else Discard.all
        stream.codec_context.thread_count = 1
        try:
            for packet in container.demux(stream):
                with suppress(InvalidDataError):
                    yield from packet.decode()
        except MemoryError:
            raise
        except (FFmpegError, IndexError):
            pass  # PyAV raises IndexError for a packet of a stream that the header does not announce.


def _recogniser_pcm(frames: Iterator[av.AudioFrame]) -> Iterator[bytes]:
    """Mono PCM at ``RECOGNISER_RATE``; the rate and channels of the frames may change within a file."""
    for (rate, layout, _), run in itertools.groupby(frames, _shape):
        channels = layout.nb_channels
        if not (MIN_RATE <= rate <= _MAX_FILE_RATE and channels <= MAX_CHANNELS):
            raise InvalidAudio(
                f"{channels} channel(s) at {rate} Hz; accepted: 1 to {MAX_CHANNELS} channels "
                f"at {MIN_RATE} to {_MAX_FILE_RATE} Hz",
                param="audio_file",
            )
        resampler = av.AudioResampler("flt", layout, RECOGNISER_RATE, _CHUNK_SAMPLES)
        downmixer = Downmixer(RECOGNISER_RATE, channels)
        for frame in itertools.chain(run, (None,)):
            for out in resampler.resample(frame):
                # A resampler that changes nothing returns the None that ends the run.
                if out is not None:
                    samples = np.frombuffer(out.to_ndarray(), np.float32).reshape(-1, channels)
                    # Files of floats may hold any value: one NaN would spoil the mix of all that follows.
                    samples = np.nan_to_num(samples).clip(-1, 1)
                    yield to_pcm(downmixer.push(32_768 * samples))
        yield to_pcm(downmixer.flush())


def _shape(frame: av.AudioFrame) -> tuple[int, av.AudioLayout, str]:
    return frame.sample_rate, frame.layout, frame.format.name
