"""Where the voice of a session goes if its client has an audio track: to that, not into messages."""

from collections.abc import Callable
from typing import Protocol

CALL_RATE = 24_000
"""Hz of the audio that a call has for its door, and takes from it: mono int16 little-endian PCM."""


class Playback(Protocol):
    """Plays the voice of a session to its client, at the pace of speech and in order."""

    async def play(self, pcm: bytes) -> None:
        """Append audio, mono int16 PCM at ``CALL_RATE``; wait while too much is not played yet."""

    def clear(self) -> None:
        """Drop what has not been played yet."""

    def after(self, played: Callable[[], None]) -> None:
        """Call back when what has been appended so far has been played; never, if some of it is dropped."""

    async def until_played(self) -> None:
        """Return when everything has been played or dropped."""
