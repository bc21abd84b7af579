"""Encodes mono PCM as WAV, MP3, Opus, AAC or FLAC, at once or as a stream (FFmpeg, by way of PyAV).

PyAV's wheels bring LAME for MP3 and libopus. Opus, MP3 and AAC have a fixed set of sample rates; audio of
another rate is resampled to the next higher one. A stream of MP3, and AAC (ADTS) always, cannot say how much
silence the codec adds at both ends: at 24 kHz it lasts up to 0.09 s longer than the PCM.
"""

import io
from typing import BinaryIO, NamedTuple

import av
import numpy as np
from av.audio.stream import AudioStream

from sokuji.audio.resampling import StreamingResampler
from sokuji.config import AudioFormat
from sokuji.errors import InvalidRequest, TooLarge

MAX_BYTES = 2**31
"""Bytes of samples in one file; a WAV header has 32 bits for the size."""
_FRAME_BYTES = 2**20
"""Bytes per call of FFmpeg, whose single allocations are bounded (``decoding``)."""


_STREAMED_PAGE_US = 200_000
"""Of a stream in Ogg, which leaves page by page; FFmpeg's pages last a second."""


class _Codec(NamedTuple):
    container: str
    codec: str
    media_type: str
    bit_rate: int | None = None
    rates: tuple[int, ...] = ()
    """Sample rates that the codec accepts, ascending; empty: all."""


_CODECS: dict[AudioFormat, _Codec] = {
    "wav": _Codec("wav", "pcm_s16le", "audio/wav"),
    "pcm": _Codec("s16le", "pcm_s16le", "audio/pcm"),
    "mp3": _Codec(
        "mp3",
        "libmp3lame",
        "audio/mpeg",
        64_000,
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    ),
    "opus": _Codec(
        "ogg", "libopus", "audio/ogg; codecs=opus", 48_000, (8_000, 12_000, 16_000, 24_000, 48_000)
    ),
    "aac": _Codec("adts", "aac", "audio/aac", 64_000, (24_000, 32_000, 44_100, 48_000)),
    "flac": _Codec("flac", "flac", "audio/flac"),
}
FORMATS: tuple[AudioFormat, ...] = tuple(_CODECS)
MEDIA_TYPES = [codec.media_type for codec in _CODECS.values()]


class EncodedAudio(NamedTuple):
    """An audio file."""

    data: bytes
    sample_rate: int
    media_type: str


class AudioEncoder:
    """Encodes a stream of mono PCM as a file.

    Args:
        audio_format: of the file.
        sample_rate: of the PCM, 8,000 to 48,000 Hz.
        file: receives the file, instead of the return values of ``push`` and ``flush``. If it can seek, the
            header is completed with the duration at the end.

    Raises:
        InvalidRequest: a format or rate that is not supported.
    """

    def __init__(self, audio_format: AudioFormat, sample_rate: int, file: BinaryIO | None = None) -> None:
        if audio_format not in _CODECS:
            raise InvalidRequest(
                f"audio_format {str(audio_format)[:40]!r} is not supported; accepted: {', '.join(FORMATS)}",
                param="audio_format",
            )
        codec = _CODECS[audio_format]
        self.media_type = codec.media_type
        self.sample_rate = next((rate for rate in codec.rates if rate >= sample_rate), sample_rate)
        """Of the file."""
        self._resampler = StreamingResampler(sample_rate, self.sample_rate)
        self._pipe = _Pipe()
        options = {"fflags": "+bitexact"}
        if codec.container == "ogg" and file is None:
            options["page_duration"] = str(_STREAMED_PAGE_US)
        # Without "bitexact" FFmpeg writes its version into the file.
        self._container = av.open(file or self._pipe, "w", format=codec.container, options=options)
        stream = self._container.add_stream(codec.codec, rate=self.sample_rate, layout="mono")
        assert isinstance(stream, AudioStream)
        self._stream = stream
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact
        # By default FFmpeg starts a thread per core, which takes longer than encoding in one thread.
        self._stream.codec_context.thread_count = 1
        if codec.bit_rate:
            self._stream.bit_rate = codec.bit_rate
        self._container.start_encoding()
        self._samples = 0

    def push(self, pcm: bytes) -> bytes:
        """Encode int16 little-endian samples; returns the part of the file that is ready, which may be empty.

        Raises:
            InvalidAudio: ``pcm`` ends within a sample.
            TooLarge: the file exceeds ``MAX_BYTES``.
        """
        self._encode(self._resampler.push(pcm))
        return self._pipe.take()

    def flush(self) -> bytes:
        """The rest of the file; ``push`` must not be called after it."""
        self._encode(self._resampler.flush())
        self._container.mux(list(self._stream.encode(None)))
        self._container.close()
        return self._pipe.take()

    def _encode(self, pcm: bytes) -> None:
        if 2 * self._samples + len(pcm) > MAX_BYTES:
            raise TooLarge(f"a file holds {MAX_BYTES // 2 // self.sample_rate} s at {self.sample_rate} Hz")
        for start in range(0, len(pcm), _FRAME_BYTES):
            samples = np.frombuffer(pcm[start : start + _FRAME_BYTES], "<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = self.sample_rate, self._samples
            self._samples += samples.size
            self._container.mux(list(self._stream.encode(frame)))


class _Pipe:
    """A buffer that FFmpeg writes to and cannot seek in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


def encode(pcm: bytes, sample_rate: int, audio_format: AudioFormat) -> EncodedAudio:
    """Mono PCM as a file. Blocks: call it in a thread.

    Raises:
        InvalidRequest, InvalidAudio, TooLarge: as ``AudioEncoder`` does.
    """
    file = io.BytesIO()
    encoder = AudioEncoder(audio_format, sample_rate, file)
    encoder.push(pcm)
    encoder.flush()
    return EncodedAudio(file.getvalue(), encoder.sample_rate, encoder.media_type)
