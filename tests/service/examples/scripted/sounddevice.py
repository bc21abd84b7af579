"""``sounddevice`` without a sound card: the microphone plays a WAV file, the loudspeaker is a raw PCM file.

Both are named by the environment. When the microphone's file has been played, its user presses Ctrl-C.
"""

import os
import signal
import threading
import time
import wave
from collections.abc import Callable
from typing import Any

if "SCRIPTED_MICROPHONE" not in os.environ:
    raise OSError("PortAudio library not found")


class PortAudioError(Exception):
    """What the library raises."""


class _Stream:
    def __init__(
        self,
        samplerate: float,
        blocksize: int = 0,
        device: int | str | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        *,
        callback: Callable[[Any, int, Any, Any], None] | None = None,
    ) -> None:
        if device is not None:
            raise PortAudioError(f"No device matching {device!r}")
        assert (channels, dtype) == (1, "int16")
        self.samplerate, self.blocksize, self.callback = samplerate, blocksize, callback

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: object) -> None:
        pass


class RawInputStream(_Stream):
    """A microphone."""

    def __enter__(self) -> Any:
        threading.Thread(target=self._play, daemon=True).start()
        return self

    def _play(self) -> None:
        assert self.callback is not None
        with wave.open(os.environ["SCRIPTED_MICROPHONE"]) as file:
            assert file.getframerate() == self.samplerate
            while pcm := file.readframes(self.blocksize):
                time.sleep(self.blocksize / self.samplerate)
                self.callback(memoryview(pcm), len(pcm) // 2, None, None)
        os.kill(os.getpid(), signal.SIGINT)


class RawOutputStream(_Stream):
    """A loudspeaker."""

    def write(self, pcm: bytes) -> None:
        """Play."""
        with open(os.environ["SCRIPTED_LOUDSPEAKER"], "ab") as file:
            file.write(pcm)
