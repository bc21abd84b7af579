"""Decodes uploaded recordings within limits (FFmpeg, by way of PyAV)."""

import ctypes
import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO

import av
import av.buffer
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError

from sokuji.audio.pcm import MAX_CHANNELS, MIN_RATE, RECOGNISER_RATE
from sokuji.errors import InvalidAudio, TooLarge

FILE_FORMATS = "WAV, FLAC, MP3, OGG/Opus, M4A/AAC, WebM"
"""What ``decode`` reads, for messages."""

_MAX_FILE_RATE = 192_000


# FFmpeg detects the format from the content. Only containers that hold audio themselves are allowed: with a
# playlist (HLS, concat, ...) a sender could make it open files and addresses of this machine's network.
_CONTAINERS = ("wav", "flac", "mp3", "ogg", "mov", "matroska", "aac")


# FFmpeg starts decoders by itself while it probes a file: pictures and rarely used codecs are excluded.
_DECODERS = (
    *("aac", "alac", "flac", "mp3", "mp3float", "opus", "libopus", "vorbis"),
    *("pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"),
    *("pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_f64be"),
)


# A header of a few bytes can claim a title of 4 GiB, which FFmpeg allocates before it reads. av_max_alloc()
# bounds a single allocation in the whole process. PyAV does not wrap it, but its libraries export it.
_MAX_ALLOCATION = 64 * 2**20

_FFMPEG = ctypes.CDLL(av.buffer.__file__)


def decode(source: bytes | BinaryIO, *, max_seconds: float) -> bytes:
    """Decode a recording to mono PCM at ``RECOGNISER_RATE``. Blocks: call it in a thread.

    The format is detected from the content. Of a file that is truncated or damaged in places, what can be
    decoded is returned.

    Args:
        source: the file's bytes, or a seekable binary file.
        max_seconds: longest recording accepted; decoding stops as soon as it is exceeded.

    Raises:
        InvalidAudio: nothing in it can be decoded, or its rate or channel count is out of range.
        TooLarge: the recording is longer than ``max_seconds``.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    limits = {"format_whitelist": ",".join(_CONTAINERS), "codec_whitelist": ",".join(_DECODERS)}
    limit = int(max_seconds * RECOGNISER_RATE) * 2
    pcm = bytearray()
    _FFMPEG.av_max_alloc(ctypes.c_size_t(_MAX_ALLOCATION))
    try:
        with av.open(file, mode="r", options=limits, metadata_errors="replace") as container:
            for chunk in _recogniser_pcm(_frames(container)):
                pcm += chunk
                if len(pcm) > limit:
                    raise TooLarge(f"the recording is longer than {max_seconds:g} s", param="audio_file")
    except FFmpegError:
        pass  # Truncated, or an unknown format: what has been decoded is kept.
    if not pcm:
        raise InvalidAudio(f"no audio can be decoded from this; accepted: {FILE_FORMATS}", param="audio_file")
    return bytes(pcm)


def _frames(container: InputContainer) -> Iterator[av.AudioFrame]:
    """The decoded frames of the first audio track, without those of damaged packets."""
    for stream in container.streams.audio[:1]:
        if stream.codec_context is None or stream.codec_context.name not in _DECODERS:
            return
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except InvalidDataError:
                continue


def _recogniser_pcm(frames: Iterator[av.AudioFrame]) -> Iterator[bytes]:
    """Mono PCM at ``RECOGNISER_RATE``; the rate and channels of the frames may change within a file."""
    for (rate, layout, _), run in itertools.groupby(frames, _shape):
        if not (MIN_RATE <= rate <= _MAX_FILE_RATE and layout.nb_channels <= MAX_CHANNELS):
            raise InvalidAudio(
                f"{layout.nb_channels} channel(s) at {rate} Hz; accepted: 1 to {MAX_CHANNELS} channels "
                f"at {MIN_RATE} to {_MAX_FILE_RATE} Hz",
                param="audio_file",
            )
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RECOGNISER_RATE)
        for frame in itertools.chain(run, (None,)):
            # A resampler that changes nothing returns the None that ends the run.
            yield from (out.to_ndarray().tobytes() for out in resampler.resample(frame) if out is not None)


def _shape(frame: av.AudioFrame) -> tuple[int, av.AudioLayout, str]:
    return frame.sample_rate, frame.layout, frame.format.name
