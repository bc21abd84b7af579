"""Speech that is gathered piece by piece and saved as a whole."""

from dataclasses import dataclass, field
from pathlib import Path

from sokuji.audio import wav_bytes


@dataclass(slots=True)
class Sound:
    """Mono int16 little-endian PCM that grows; all of it comes at one rate."""

    pcm: bytearray = field(default_factory=bytearray)
    sample_rate: int = 0
    """Hz; 0 while there is nothing."""

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / self.sample_rate if self.sample_rate else 0.0

    def add(self, pcm: bytes | bytearray, sample_rate: int) -> None:
        """Append samples."""
        self.pcm += pcm
        self.sample_rate = sample_rate

    def save(self, path: Path) -> None:
        """Write it as a WAV file.

        Raises:
            OSError: it cannot be written there.
        """
        path.write_bytes(wav_bytes(bytes(self.pcm), self.sample_rate))
