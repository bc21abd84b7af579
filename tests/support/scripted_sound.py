"""A sound card without a card: it hears what a test says, and keeps what it plays."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.live.sound_device import FRAME_MS, VOICE_RATE, Heard, Lost, Played
from sokuji.errors import ConfigError

_FRAME = 2 * RECOGNISER_RATE * FRAME_MS // 1_000
_PACE = 10
"""How many times as fast as speech it goes on."""
After = Literal["ctrl-c", "unplugged", "nothing"]


class ScriptedCard:
    """Hears ``pcm``, and then nothing.

    Args:
        pcm: at ``RECOGNISER_RATE``.
        failure: why it cannot be opened; None: it can.
        then: what happens when it has heard all: Ctrl-C is pressed, it is unplugged, or nothing.
    """

    def __init__(self, pcm: bytes = b"", *, failure: str | None = None, then: After = "ctrl-c") -> None:
        self.voice = bytearray()
        """What was played, at ``VOICE_RATE``."""
        self.names: tuple[str | None, ...] = ()
        self.heard_all = threading.Event()
        self._pcm = pcm
        self._failure = failure
        self._then = then
        self._closed = threading.Event()

    def __call__(self, *names: str | None) -> "ScriptedCard":
        """As the class ``SoundCard``: note which devices are chosen."""
        self.names = names
        return self

    @contextmanager
    def open(self, heard: Heard, played: Played | None, lost: Lost) -> Iterator[None]:
        """See ``SoundDevice.open``."""
        if self._failure is not None:
            raise ConfigError(self._failure)
        running = threading.Thread(target=self._run, args=(heard, played, lost))
        running.start()
        try:
            yield
        finally:
            self._closed.set()
            running.join()

    def _run(self, heard: Heard, played: Played | None, lost: Lost) -> None:
        frames = iter(range(0, len(self._pcm), _FRAME))
        while not self._closed.wait(FRAME_MS / 1_000 / _PACE):
            start = next(frames, None)
            if start is not None:
                heard(self._pcm[start : start + _FRAME])
            elif not self.heard_all.is_set():
                self.heard_all.set()
                if self._then == "unplugged":
                    lost()
                elif self._then == "ctrl-c":
                    os.kill(os.getpid(), signal.SIGINT)
            if played is not None:
                self.voice += played(VOICE_RATE * FRAME_MS // 1_000)
