"""The voices that wait for the loudspeaker. Threads of the sound card take what the event loop adds."""

import threading

from sokuji.cli.live.sound_device import VOICE_RATE

MAX_WAITING_S = 120.0
"""Of voice that waits; more is left out, which only a voice that is much slower than the speech leads to."""


class VoiceQueue:
    """A queue of mono int16 PCM at ``VOICE_RATE``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = bytearray()

    @property
    def waiting_s(self) -> float:
        """How much has not been taken yet."""
        with self._lock:
            return len(self._waiting) / (2 * VOICE_RATE)

    def add(self, pcm: bytes) -> bool:
        """Play this after all that waits; returns whether there is room for it."""
        with self._lock:
            if len(self._waiting) > 2 * VOICE_RATE * MAX_WAITING_S:
                return False
            self._waiting += pcm
            return True

    def take(self, samples: int) -> bytes:
        """What is to be played now; silence where nothing waits."""
        with self._lock:
            pcm = bytes(self._waiting[: 2 * samples])
            del self._waiting[: 2 * samples]
        return pcm.ljust(2 * samples, b"\0")
