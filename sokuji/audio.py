"""Sound as bytes: PCM formats, the streaming resampler, and the decoding of uploaded files within limits.

Everywhere inside the service audio is mono, signed 16-bit, little-endian PCM; the rate travels beside it.
Whatever else a client sends becomes that here: live PCM of other rates and channel counts through
``StreamingResampler`` (libsoxr), recordings through ``decode`` (FFmpeg, by way of PyAV).
"""

import ctypes
import io
import itertools
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import av
import av.buffer
import numpy as np
import soxr
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from numpy.typing import NDArray

from sokuji.errors import InvalidAudio, InvalidRequest, TooLarge

RECOGNISER_RATE = 16_000
"""Samples per second between voice activity detection and recognition."""
MIN_RATE = 8_000
MAX_RATE = 48_000
"""Bounds of the rates of live input and output, in Hz."""
MAX_CHANNELS = 8

FILE_FORMATS = "WAV, FLAC, MP3, OGG/Opus, M4A/AAC, WebM"
"""What ``decode`` reads, for messages."""
_MAX_FILE_RATE = 192_000
# FFmpeg tells the format from the content. Only containers that hold sound themselves are allowed: with a
# playlist (HLS, concat, ...) the sender could make it open files and addresses of this machine's network.
_CONTAINERS = ("wav", "flac", "mp3", "ogg", "mov", "matroska", "aac")
# FFmpeg also starts decoders by itself while it looks into a file: no pictures, and no seldom-used code.
_DECODERS = (
    *("aac", "alac", "flac", "mp3", "mp3float", "opus", "libopus", "vorbis"),
    *("pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"),
    *("pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_f64be"),
)
# A header of a few bytes can claim a title of 4 GiB, for which FFmpeg makes room before it looks. FFmpeg has
# a bound for that (of the whole process); PyAV does not offer it, but any of its modules leads to it.
_MAX_ALLOCATION = 64 * 2**20
_FFMPEG = ctypes.CDLL(av.buffer.__file__)


class StreamingResampler:
    """Turns a stream of interleaved PCM into mono PCM of another rate, chunk by chunk.

    The result does not depend on how the stream is cut into chunks. Output trails the input by 5 to
    40 ms (115 ms from 8 kHz) until ``flush``. Channels are averaged, which cannot overflow.

    Args:
        in_rate: frames per second of what is pushed, 8,000 to 48,000.
        out_rate: samples per second of what comes out, 8,000 to 48,000.
        channels: interleaved channels of what is pushed, 1 to 8.

    Raises:
        InvalidRequest: a rate or channel count out of bounds.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int = 1) -> None:
        _check("sample_rate", in_rate, MIN_RATE, MAX_RATE)
        _check("output_sample_rate", out_rate, MIN_RATE, MAX_RATE)
        _check("channels", channels, 1, MAX_CHANNELS)
        self._channels = channels
        self._stream = soxr.ResampleStream(in_rate, out_rate, 1) if in_rate != out_rate else None

    def push(self, pcm: bytes, *, last: bool = False) -> bytes:
        """Take whole frames of int16 little-endian PCM; return the mono samples that are ready.

        Args:
            last: nothing follows, so that what is still held back comes along (``flush``).

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
        if self._stream is None and self._channels == 1:
            return pcm
        samples = np.frombuffer(pcm, "<i2").reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        return _to_pcm(samples if self._stream is None else self._stream.resample_chunk(samples))

    def flush(self) -> bytes:
        """Return what is still held back and start afresh: the next ``push`` begins a new stream."""
        if self._stream is None:
            return b""
        rest = self._stream.resample_chunk(np.empty(0, np.float32), last=True)
        self._stream.clear()
        return _to_pcm(rest)


def _check(param: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidRequest(f"{param} must be from {least} to {most} (got {value})", param=param)


def _to_pcm(samples: NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(samples), -32_768, 32_767).astype("<i2").tobytes()


def resample(pcm: bytes, in_rate: int, out_rate: int) -> bytes:
    """Mono PCM of one rate as mono PCM of another; see ``StreamingResampler`` for bounds and errors."""
    return StreamingResampler(in_rate, out_rate).push(pcm, last=True)


def decode(source: bytes | BinaryIO, *, max_seconds: float) -> bytes:
    """Decode a recording to mono PCM at ``RECOGNISER_RATE``. Blocks: call it in a thread.

    The format is found from the content. A file that breaks off, or has damaged parts, yields whatever can be
    decoded.

    Args:
        source: the file's bytes, or a seekable binary file.
        max_seconds: longest recording accepted; decoding stops as soon as it is exceeded.

    Raises:
        InvalidAudio: nothing in it can be decoded, or its rate or channel count is absurd.
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
        pass  # Broken off, or no such format: what came before is kept.
    if not pcm:
        raise InvalidAudio(f"no sound can be decoded from this; accepted: {FILE_FORMATS}", param="audio_file")
    return bytes(pcm)


def _frames(container: InputContainer) -> Iterator[av.AudioFrame]:
    """The decoded frames of the first sound track, less those of damaged packets."""
    for stream in container.streams.audio[:1]:
        if stream.codec_context is None or stream.codec_context.name not in _DECODERS:
            return
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except InvalidDataError:
                continue


def _recogniser_pcm(frames: Iterator[av.AudioFrame]) -> Iterator[bytes]:
    """Mono PCM at ``RECOGNISER_RATE``; the frames' rate and channels may change on the way."""
    for (rate, layout, _), run in itertools.groupby(frames, _shape):
        if not (MIN_RATE <= rate <= _MAX_FILE_RATE and layout.nb_channels <= MAX_CHANNELS):
            raise InvalidAudio(
                f"{layout.nb_channels} channel(s) at {rate} Hz; accepted: 1 to {MAX_CHANNELS} channels "
                f"at {MIN_RATE} to {_MAX_FILE_RATE} Hz",
                param="audio_file",
            )
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RECOGNISER_RATE)
        for frame in itertools.chain(run, (None,)):
            # A resampler with nothing to do hands back the None that ends the run.
            yield from (out.to_ndarray().tobytes() for out in resampler.resample(frame) if out is not None)


def _shape(frame: av.AudioFrame) -> tuple[int, av.AudioLayout, str]:
    return frame.sample_rate, frame.layout, frame.format.name


@dataclass(slots=True)
class Sound:
    """Speech that is gathered piece by piece: mono PCM that grows, all of it at one rate."""

    sample_rate: int = 0
    """Hz; 0 while it is not known."""
    pcm: bytearray = field(default_factory=bytearray)

    def add(self, pcm: bytes | bytearray, sample_rate: int) -> None:
        """Append samples."""
        self.pcm += pcm
        self.sample_rate = sample_rate

    @property
    def duration_ms(self) -> int:
        """How long it lasts."""
        return len(self.pcm) // 2 * 1_000 // self.sample_rate if self.sample_rate else 0

    def wav(self) -> bytes:
        """As a WAV file."""
        return wav_bytes(bytes(self.pcm), self.sample_rate)


def wav_bytes(pcm: bytes, sample_rate: int) -> bytes:
    """Mono PCM as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm)
    return file.getvalue()


def duration_ms(pcm: bytes, sample_rate: int) -> int:
    """How long mono PCM lasts, in whole milliseconds."""
    return len(pcm) // 2 * 1_000 // sample_rate
