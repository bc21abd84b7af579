"""PCM as bytes: the rates and channel counts in use, durations, WAV.

Inside the service all audio is mono, signed 16-bit, little-endian PCM, passed together with its sample rate.
``resampling`` converts live PCM of other rates and channel counts, ``decoding`` converts files.
"""

import io
import wave
from dataclasses import dataclass, field

RECOGNISER_RATE = 16_000
"""Samples per second between voice activity detection and recognition."""
MIN_RATE = 8_000
MAX_RATE = 48_000
"""Bounds of the rates of live input and output, in Hz."""
MAX_CHANNELS = 8


@dataclass(slots=True)
class AudioBuffer:
    """Mono PCM of one sample rate to which audio is appended."""

    sample_rate: int = 0
    """Hz; 0 until audio is added."""
    pcm: bytearray = field(default_factory=bytearray)

    def add(self, pcm: bytes | bytearray, sample_rate: int) -> None:
        """Append samples."""
        self.pcm += pcm
        self.sample_rate = sample_rate

    @property
    def duration_ms(self) -> int:
        """Duration in whole milliseconds."""
        return len(self.pcm) // 2 * 1_000 // self.sample_rate if self.sample_rate else 0

    def wav(self) -> bytes:
        """The audio as a WAV file."""
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


def duration_ms(pcm: bytes | bytearray, sample_rate: int) -> int:
    """Duration of mono PCM in whole milliseconds."""
    return len(pcm) // 2 * 1_000 // sample_rate
