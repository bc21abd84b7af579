"""Records all that is heard and played into a WAV file: the microphone left, the loudspeaker right."""

import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import StreamingResampler
from sokuji.cli.live.sound_device import VOICE_RATE

MAX_APART_S = 2.0
"""How long one channel waits for the other, whose device may begin later or be lost."""


class Recorder:
    """Writes while it goes on; both channels may come from threads of the sound card."""

    def __init__(self, file: wave.Wave_write) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._resampler = StreamingResampler(RECOGNISER_RATE, VOICE_RATE)
        self._channels = (bytearray(), bytearray())

    def heard(self, pcm: bytes) -> None:
        """Take what the microphone has heard, at ``RECOGNISER_RATE``."""
        with self._lock:
            self._channels[0].extend(self._resampler.push(pcm))
            self._write(2 * int(MAX_APART_S * VOICE_RATE))

    def played(self, pcm: bytes) -> None:
        """Take what the loudspeaker has played, at ``VOICE_RATE``."""
        with self._lock:
            self._channels[1].extend(pcm)
            self._write(2 * int(MAX_APART_S * VOICE_RATE))

    def finish(self) -> None:
        """Write what waits."""
        with self._lock:
            self._write(0)

    def _write(self, apart_bytes: int) -> None:
        """Write what both channels have, and what one has beyond ``apart_bytes`` more than the other."""
        size = max(min(map(len, self._channels)), max(map(len, self._channels)) - apart_bytes)
        pair = [np.frombuffer(bytes(each[:size]).ljust(size, b"\0"), "<i2") for each in self._channels]
        for each in self._channels:
            del each[:size]
        self._file.writeframes(np.column_stack(pair).tobytes())


@contextmanager
def recorder(path: Path) -> Iterator[Recorder]:
    """A recorder whose file is complete afterwards, however the context ends.

    Raises:
        OSError: the file cannot be written.
    """
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, VOICE_RATE, 0, "NONE", ""))
        made = Recorder(file)
        try:
            yield made
        finally:
            made.finish()
