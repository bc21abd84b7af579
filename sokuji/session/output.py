"""What leaves a session: its events in order, what the client has been told of, and what it need not hear.

The stages of a session put their events here and report what has been delivered in each target language; the
acknowledgements follow from that. ``DeliveryLedger`` is pure; ``SessionOutput`` joins it to the queue that a
door reads.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sokuji import events
from sokuji.errors import OUTAGES, SokujiError

log = logging.getLogger(__name__)

T = TypeVar("T")
ClausePosition = tuple[int, int]
"""A clause's segment id and its number within the segment: places are ordered as they were spoken."""

QUEUED_EVENTS = 256


@dataclass(slots=True)
class _Entry:
    place: ClausePosition
    text: str
    end_ms: int | None
    due: float
    waiting: set[str]


class DeliveryLedger:
    """Clauses of speech that are not delivered everywhere yet, oldest first."""

    def __init__(self, through_ms: int = 0, text: str = "") -> None:
        self.acked = events.Ack(through_ms, text)
        self._entries: deque[_Entry] = deque()

    @property
    def oldest_due(self) -> float | None:
        """When the oldest clause under way had been said (monotonic seconds)."""
        return self._entries[0].due if self._entries else None

    def commit(
        self, place: ClausePosition, text: str, targets: Iterable[str], due: float, end_ms: int | None
    ) -> None:
        """A clause is on its way to ``targets``.

        Args:
            text: its words, as they stand in the segment's text.
            due: when it had been said (monotonic seconds).
            end_ms: with the last clause of a segment, where that ends.
        """
        self._entries.append(_Entry(place, text, end_ms, due, set(targets)))

    def delivered(self, place: ClausePosition, target: str) -> None:
        """``target`` is through with everything up to ``place``."""
        for entry in self._entries:
            if entry.place > place:
                break
            entry.waiting.discard(target)

    def settle(self) -> events.Ack | None:
        """The acknowledgement that is new since the last time; None where there is none."""
        before = self.acked
        while self._entries and not self._entries[0].waiting:
            entry = self._entries.popleft()
            if entry.end_ms is None:
                self.acked = events.Ack(
                    self.acked.through_ms, self.acked.text + entry.text, entry.place[1] + 1
                )
            else:
                self.acked = events.Ack(entry.end_ms)
        return self.acked if self.acked != before else None

    def silence(self, through_ms: int) -> events.Ack | None:
        """Nobody spoke up to ``through_ms``, where nothing is under way."""
        return None if self.acked.text or self._entries else self.finish(through_ms)

    def finish(self, through_ms: int) -> events.Ack | None:
        """All that there will be has been delivered."""
        if through_ms <= self.acked.through_ms:
            return None
        self.acked = events.Ack(through_ms)
        return self.acked


class SessionOutput:
    """Where the stages of one session put what its client will see."""

    def __init__(self, session_id: str, ledger: DeliveryLedger, patience_s: float) -> None:
        self.session_id = session_id
        self.ledger = ledger
        self.on_delivered: Callable[[float], Awaitable[None]] | None = None
        """Called with the lag in seconds when a segment has been delivered everywhere."""
        self._patience_s = patience_s
        self._queue: asyncio.Queue[tuple[events.Event | None, ClausePosition | None]] = asyncio.Queue(
            QUEUED_EVENTS
        )
        self._turn = asyncio.Lock()
        self._muted_before: ClausePosition = (-1, 0)

    async def emit(self, event: events.Event, place: ClausePosition | None = None) -> None:
        """Queue an event; ``place`` belongs to a voice, which may yet be muted."""
        await self._put(event, place)

    async def close(self) -> None:
        """Nothing comes any more."""
        await self._put(None, None)

    async def _put(self, event: events.Event | None, place: ClausePosition | None) -> None:
        # Who waits for room in a queue may be overtaken, who waits for a lock may not.
        async with self._turn:
            await self._queue.put((event, place))

    async def events(self) -> AsyncGenerator[events.Event, None]:
        """What happened, in order, until ``close``."""
        while (item := await self._queue.get())[0] is not None:
            event, place = item
            if event is not None and (place is None or not self.is_muted(place)):
                yield event

    def mute(self, before: ClausePosition) -> None:
        """Clauses before that place are not heard any more."""
        self._muted_before = max(self._muted_before, before)

    def is_muted(self, place: ClausePosition) -> bool:
        """Whether that clause is not to be heard."""
        return place < self._muted_before

    async def delivered(self, place: ClausePosition, target: str) -> None:
        """``target`` is through with everything up to ``place``: acknowledge what all targets are."""
        self.ledger.delivered(place, target)
        await self.settle()

    async def settle(self) -> None:
        """Acknowledge what can be."""
        due, before_ms = self.ledger.oldest_due, self.ledger.acked.through_ms
        if (ack := self.ledger.settle()) is None:
            return
        await self.emit(ack)
        if ack.through_ms > before_ms and due is not None and self.on_delivered is not None:
            await self.on_delivered(max(0.0, time.monotonic() - due))

    async def insist(self, segment_id: int, began: float, attempt: Callable[[], Awaitable[T]]) -> T:
        """Speech is not given up because the machine is slow, but only after as long as any may wait.

        Args:
            began: when the work on it began (monotonic seconds).
        """
        while True:
            try:
                return await attempt()
            except OUTAGES:
                if time.monotonic() - began > self._patience_s:
                    raise
                log.warning("session %s segment %d waits", self.session_id, segment_id)

    @contextlib.asynccontextmanager
    async def reporting(self, segment_id: int) -> AsyncIterator[None]:
        """What fails for one segment is said, and the conversation goes on with the next."""
        try:
            yield
        except SokujiError as error:
            log.warning(
                "session %s segment %d: %s: %s", self.session_id, segment_id, error.code, error.message
            )
            await self.emit(events.Failed(error, segment_id=segment_id))
