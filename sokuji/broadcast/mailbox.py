"""What waits for one reader: bounded, so that a slow one costs little memory and holds nobody up.

Where there is no room the voice goes first, the oldest before the newest, always up to the end of a clause:
no half words are heard. A reader who does not even take the captions is given up.
"""

import asyncio
from collections import deque
from typing import Generic, NamedTuple, TypeVar

from sokuji.broadcast.history import supersedes
from sokuji.errors import TooSlow
from sokuji.events import Audio, Event, ListenerEvent, Transcription

E = TypeVar("E", bound=Event | ListenerEvent)

MAX_WAITING_EVENTS = 256
"""Captions and other events without a voice."""
_Clause = tuple[int, int, str]


class Letter(NamedTuple, Generic[E]):
    """An event on its way to a reader."""

    event: E
    number: int | None = None
    """Of an ``NumberedEvent``."""


class Mailbox(Generic[E]):
    """A queue from any number of writers, who never wait, to one reader.

    Args:
        max_voice_bytes: of the voice that waits.
    """

    def __init__(self, max_voice_bytes: int) -> None:
        self._max_voice_bytes = max_voice_bytes
        self._letters: deque[Letter[E]] = deque()
        self._voice_bytes = 0
        self._skipped_ms = 0.0
        self._skipped_clause: _Clause | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._overrun = asyncio.Event()

    @property
    def waiting_bytes(self) -> int:
        """The voice that waits."""
        return self._voice_bytes

    def put(self, letter: Letter[E]) -> None:
        """Add an event; none comes behind the end or to a reader who has been given up."""
        if self._closed or self._overrun.is_set():
            return
        event = letter.event
        if isinstance(event, Audio):
            if not self._admit_voice(event):
                return
        elif isinstance(event, Transcription):
            self._letters = deque(each for each in self._letters if not supersedes(event, each.event))
        self._letters.append(letter)
        self._news.set()
        if sum(not isinstance(each.event, Audio) for each in self._letters) > MAX_WAITING_EVENTS:
            self._overrun.set()

    def close(self) -> None:
        """Expect no more: ``take`` returns nothing once all has been taken."""
        self._closed = True
        self._news.set()

    async def take(self) -> list[Letter[E]]:
        """All that waits, as soon as there is something; empty: there will be no more."""
        while not self._letters and not self._closed:
            self._news.clear()
            await self._news.wait()
        taken, self._letters, self._voice_bytes = list(self._letters), deque(), 0
        return taken

    def take_skipped_ms(self) -> int:
        """How much voice has been left out since this was asked last."""
        skipped_ms, self._skipped_ms = self._skipped_ms, 0.0
        return round(skipped_ms)

    @property
    def is_overrun(self) -> bool:
        """Whether the reader has been given up."""
        return self._overrun.is_set()

    def clear(self) -> None:
        """Drop all that waits."""
        self._letters.clear()
        self._voice_bytes = 0
        self._overrun.clear()

    async def until_overrun(self) -> None:
        """Return when the reader is given up.

        Raises:
            TooSlow: always.
        """
        await self._overrun.wait()
        raise TooSlow(
            f"more than {MAX_WAITING_EVENTS} captions wait for this listener; connect again", retry_after_s=5
        )

    def _admit_voice(self, audio: Audio) -> bool:
        """Make room for a chunk; False: its clause is left out."""
        while self._voice_bytes + len(audio.pcm) > self._max_voice_bytes:
            oldest = next((each.event for each in self._letters if isinstance(each.event, Audio)), audio)
            self._leave_out(oldest)
            if _clause(oldest) == _clause(audio):
                self._skipped_clause = _clause(audio)
                break
        if self._skipped_clause == _clause(audio):
            self._note_skipped(audio)
            return False
        self._voice_bytes += len(audio.pcm)
        return True

    def _leave_out(self, oldest: Audio) -> None:
        """Drop what waits of a clause."""
        kept: deque[Letter[E]] = deque()
        for each in self._letters:
            if isinstance(each.event, Audio) and _clause(each.event) == _clause(oldest):
                self._voice_bytes -= len(each.event.pcm)
                self._note_skipped(each.event)
            else:
                kept.append(each)
        self._letters = kept

    def _note_skipped(self, audio: Audio) -> None:
        self._skipped_ms += 1_000 * len(audio.pcm) / 2 / audio.sample_rate


def _clause(audio: Audio) -> _Clause:
    return audio.segment_id, audio.clause, audio.target_language
