"""What leaves a session: its events in order, the acknowledgements among them, and what is muted."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import NamedTuple

from sokuji import events
from sokuji.events import Ack
from sokuji.session.acknowledgements import DeliveryLedger
from sokuji.session.clause import ClausePosition
from sokuji.session.load_shedding import LoadShedding, LoadState

log = logging.getLogger(__name__)

MAX_QUEUED_EVENTS = 256
MAX_ENDS_OF_SPEECH = 100
Observer = Callable[[events.Event, float | None], None]
"""Is told of an event as the client's door takes it, and how many seconds ago the speech to which it belongs
was spoken; None: it belongs to none."""

Publish = Callable[[events.Event], None]
"""Takes an event for the audience of the session; it must return at once."""


class _Queued(NamedTuple):
    """An event on its way to the door."""

    event: events.Event
    position: ClausePosition | None
    spoken_at: float | None
    """When the speech to which it belongs was over (monotonic seconds)."""
    to_client: bool
    """False: the audience alone wants it."""


class SessionOutput:
    """Collects the events of one session for its door.

    A clause is committed once and reported as delivered by each of its targets; the acknowledgements follow
    from that. Each segment that has been delivered everywhere is a measurement for ``load``.

    Args:
        session_id: stands in every log line.
        begin_ms, text: what the client was acknowledged before it resumed.
        observer: is told of each event.
    """

    def __init__(
        self,
        session_id: str,
        load: LoadShedding,
        begin_ms: int = 0,
        text: str = "",
        observer: Observer = lambda event, latency_s: None,
    ) -> None:
        self._session_id = session_id
        self._ledger = DeliveryLedger(begin_ms, text)
        self._load = load
        self._reported_load = self._present_load
        self._queue: asyncio.Queue[_Queued | None] = asyncio.Queue(MAX_QUEUED_EVENTS)
        self._ends_of_speech: dict[int, float] = {}
        """Segment id -> when its last speech was (monotonic seconds), for the latest of them."""
        self._observer = observer
        self.publish: Publish | None = None
        """Gets every event; None: the session has no audience."""
        self._order = asyncio.Lock()
        self._taking_since: float | None = None
        """When the client began to take the event that it has not taken yet (monotonic seconds)."""
        self._muted_before: ClausePosition = (-1, 0)
        self._expected_mutes = 0
        self._settled = asyncio.Event()

    @property
    def acknowledged_ms(self) -> int:
        """Everything spoken before this time has been delivered."""
        return self._ledger.acknowledged.through_ms

    @property
    def oldest_due(self) -> float | None:
        """When the oldest clause that is not delivered yet was spoken (monotonic seconds)."""
        return self._ledger.oldest_due

    async def emit(
        self, event: events.Event, position: ClausePosition | None = None, *, to_client: bool = True
    ) -> None:
        """Queue an event. A voice may still be muted.

        Args:
            position: of the clause that it translates or speaks.
            to_client: whether the client gets it, and not the audience alone.
        """
        await self._put(_Queued(event, position, self._spoken_at(event, position), to_client))

    def note_end_of_speech(self, segment_id: int, at: float) -> None:
        """Note when the last speech of a segment was (monotonic seconds)."""
        self._ends_of_speech[segment_id] = at
        if len(self._ends_of_speech) > MAX_ENDS_OF_SPEECH:
            del self._ends_of_speech[next(iter(self._ends_of_speech))]

    def _spoken_at(self, event: events.Event, position: ClausePosition | None) -> float | None:
        """When the speech of an event was over; that of a clause within a segment: when it was committed."""
        if position is not None and not self._ledger.is_last(position):
            return self._ledger.due(position)
        if isinstance(event, events.Transcription | events.TranslationText | events.Audio):
            return self._ends_of_speech.get(event.segment_id)
        return None

    async def close(self) -> None:
        """End ``events`` after what is queued."""
        await self._put(None)

    async def _put(self, item: _Queued | None) -> None:
        # Tasks that wait for room in a queue may overtake each other; tasks that wait for a lock do not.
        async with self._order:
            await self._queue.put(item)

    async def events(self) -> AsyncGenerator[events.Event, None]:
        """What happened, in order, until ``close``."""
        while (item := await self._queue.get()) is not None:
            event, position, spoken_at, to_client = item
            if isinstance(event, events.Audio) and position is not None and self.is_muted(position):
                continue
            if self.publish is not None:
                self.publish(event)
            if not to_client:
                continue
            now = self._taking_since = time.monotonic()
            self._observer(event, None if spoken_at is None else now - spoken_at)
            yield event
            self._taking_since = None

    @property
    def unread_s(self) -> float:
        """For how long the client has not taken the event that it was given."""
        return 0.0 if self._taking_since is None else time.monotonic() - self._taking_since

    def expect_mute(self) -> None:
        """Drop the voice of all clauses until ``mute`` says which they are."""
        self._expected_mutes += 1

    def mute(self, before: ClausePosition) -> None:
        """Drop the voice of all clauses before a position; see ``expect_mute``."""
        self._muted_before = max(self._muted_before, before)
        self._expected_mutes -= 1

    def mute_before(self, position: ClausePosition) -> None:
        """Drop the voice of all clauses before a position, from now on."""
        self._muted_before = max(self._muted_before, position)

    def is_muted(self, position: ClausePosition) -> bool:
        """Whether the voice of a clause is dropped."""
        return self._expected_mutes > 0 or position < self._muted_before

    def may_speak(self, position: ClausePosition) -> bool:
        """Whether a clause that is not delivered yet is still worth a voice, and not too late for it."""
        due = self._ledger.due(position)
        return due is None or self._load.may_speak(time.monotonic() - due)

    def commit(
        self, position: ClausePosition, text: str, targets: Iterable[str], due: float, end_ms: int | None
    ) -> None:
        """Expect a clause to be delivered to ``targets``; see ``DeliveryLedger.commit``."""
        self._ledger.commit(position, text, targets, due, end_ms)

    async def delivered(self, position: ClausePosition, target: str) -> None:
        """Note that ``target`` has had everything up to ``position``; acknowledge what all targets had."""
        self._ledger.delivered(position, target)
        await self.settle()

    async def settle(self) -> None:
        """Acknowledge what has been delivered."""
        due, before_ms = self._ledger.oldest_due, self.acknowledged_ms
        self._settled.set()
        if (ack := self._ledger.settle()) is None:
            return
        await self.emit(ack)
        if ack.through_ms > before_ms and due is not None:
            await self._measure(max(0.0, time.monotonic() - due))

    async def until_delivered(self, through_ms: float, before: ClausePosition) -> None:
        """Wait until all that was spoken before ``through_ms``, or all before ``before``, is delivered.

        Clauses of a segment that is still spoken may have to wait for its end, which more audio brings.
        """
        while self.acknowledged_ms < through_ms and self._ledger.has_undelivered(before):
            self._settled.clear()
            await self._settled.wait()

    async def acknowledge_silence(self, through_ms: int, *, at_least_ms: int = 1) -> None:
        """Acknowledge that nobody spoke up to ``through_ms``, if that is ``at_least_ms`` of news."""
        if through_ms >= self.acknowledged_ms + at_least_ms:
            await self._acknowledge(self._ledger.silence(through_ms))

    async def acknowledge_all(self, through_ms: int) -> None:
        """Acknowledge everything: the conversation is over."""
        await self._acknowledge(self._ledger.finish(through_ms))

    async def _acknowledge(self, ack: Ack | None) -> None:
        if ack is not None:
            await self.emit(ack)

    async def _measure(self, lag_s: float) -> None:
        lag_ms = round(1_000 * lag_s)
        self._load.delivered(lag_ms)
        await self.report_load(lag_ms)
        log.info(
            "session %s delivered through %d ms, %d ms behind",
            self._session_id, self.acknowledged_ms, lag_ms,
        )  # fmt: skip

    @property
    def load_changed(self) -> bool:
        """Whether the load has changed since the last status."""
        return self._present_load != self._reported_load

    async def report_load(self, lag_ms: int) -> None:
        """Emit a status."""
        self._reported_load = load, voice_left_out = self._present_load
        await self.emit(events.Status(load=load, lag_ms=lag_ms, voice_left_out=voice_left_out))

    @property
    def _present_load(self) -> tuple[LoadState, bool]:
        return self._load.state, self._load.leaves_out_voice
