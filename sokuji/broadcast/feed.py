"""One broadcast at one gateway: follows it at the hub, once for all who listen here, and fans it out."""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sokuji.broadcast.contract import BroadcastHub, Delivery, Demand, NumberedEvent
from sokuji.broadcast.history import History
from sokuji.broadcast.mailbox import Letter, Mailbox
from sokuji.errors import ProviderUnavailable, UnknownBroadcast
from sokuji.events import (
    Audio,
    BroadcastChanged,
    BroadcastState,
    Failed,
    HeardEvent,
    ListenerEvent,
    TranslationText,
)

log = logging.getLogger(__name__)

RETRY_S = 0.5


@dataclass(eq=False, slots=True)
class Seat:
    """What one listener has chosen, and what waits for that listener."""

    language: str
    voice: bool
    mailbox: Mailbox[ListenerEvent]
    is_new: bool = field(default=True)
    """Whether the listener has got nothing yet, not even what was said before."""

    def wants(self, event: HeardEvent) -> bool:
        """Whether an event is for this listener."""
        match event:
            case Audio():
                return self.voice and event.target_language == self.language
            case TranslationText():
                return event.target_language == self.language
            case Failed():
                return event.target_language in (None, self.language)
        return True


class Feed:
    """The listeners of one broadcast at one gateway. Call ``aclose`` last.

    Args:
        segments: see ``History``.
        resume_s: how long a broadcast that the hub does not know any more may take to come back.
    """

    def __init__(self, hub: BroadcastHub, broadcast_id: str, segments: int, resume_s: float) -> None:
        self.broadcast_id = broadcast_id
        self.state: BroadcastState = "live"
        self.source_language = "auto"
        self.seats: set[Seat] = set()
        self._hub = hub
        self._follower = uuid.uuid4().hex
        self._history = History(segments)
        self._resume_s = resume_s
        self._demanding = asyncio.Lock()
        self._begun = asyncio.Event()
        self._lost_at: float | None = None
        self._running: asyncio.Task[None] | None = None

    async def join(self, seat: Seat, after: int | None) -> None:
        """Let a listener in.

        Args:
            after: number of the last event that the listener has had; None: none.

        Raises:
            UnknownBroadcast, ProviderUnavailable: see ``BroadcastHub``.
            Overloaded: there are too many listeners or languages.
        """
        async with self._demanding:
            await self._hub.demand(self.broadcast_id, self._follower, _demands({*self.seats, seat}))
            self.seats.add(seat)
            self._running = self._running or asyncio.create_task(self._run())
        await self._begun.wait()
        for entry in self._history.behind(after or 0, {seat.language} if after and seat.voice else ()):
            self._put(seat, entry)
        seat.is_new = False
        if self.state == "ended":
            seat.mailbox.close()

    async def leave(self, seat: Seat) -> None:
        """Let a listener go, and with the last one of a language that language."""
        self.seats.discard(seat)
        await self._tell_hub()

    async def aclose(self) -> None:
        """Follow no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        """Follow the broadcast until it is over."""
        known: BroadcastState | None = None
        while self.state != "ended":
            try:
                self._take(await self._follow(known))
            except ProviderUnavailable as error:
                log.warning("a broadcast cannot be followed for now: %s", error.message)
                await self._wait_for_hub()
            except UnknownBroadcast:
                await self._wait_for_hub()
                # It is another hub, or its broadcast is another one: it does not know what is wanted.
                await self._tell_hub()
            known = self.state
        self.close()

    def tell(self, event: ListenerEvent) -> None:
        """Hand an event to everybody here."""
        for seat in self.seats:
            seat.mailbox.put(Letter(event))

    def close(self) -> None:
        """Expect nothing more for anybody here."""
        self._begun.set()
        for seat in self.seats:
            seat.mailbox.close()

    async def _follow(self, known: BroadcastState | None) -> Delivery:
        return await self._hub.follow(self.broadcast_id, self._follower, self._history.last, known)

    def _take(self, delivery: Delivery) -> None:
        self._lost_at = None
        self.source_language = delivery.source_language
        for entry in delivery.entries:
            self._history.add(entry)
            for seat in self.seats:
                if not seat.is_new:
                    self._put(seat, entry)
        self._history.last = delivery.last
        self._enter(delivery.state)
        self._begun.set()

    def _put(self, seat: Seat, entry: NumberedEvent) -> None:
        if seat.wants(entry.event):
            seat.mailbox.put(Letter(entry.event, entry.number))

    def _enter(self, state: BroadcastState) -> None:
        if state != self.state:
            self.state = state
            self.tell(BroadcastChanged(state))

    async def _wait_for_hub(self) -> None:
        """Wait a little for what was lost; for too long, and the broadcast is over."""
        now = asyncio.get_running_loop().time()
        self._lost_at = now if self._lost_at is None else self._lost_at
        self._enter("ended" if now - self._lost_at > self._resume_s else "interrupted")
        await asyncio.sleep(RETRY_S)

    async def _tell_hub(self) -> None:
        """Say what is wanted, if the hub can be told."""
        async with self._demanding:
            try:
                await self._hub.demand(self.broadcast_id, self._follower, _demands(self.seats))
            except (ProviderUnavailable, UnknownBroadcast) as error:
                log.info("the hub was not told what is listened to: %s", error.message)


def _demands(seats: set[Seat]) -> Mapping[str, Demand]:
    languages = {seat.language for seat in seats}
    return {
        language: Demand(
            sum(seat.language == language for seat in seats),
            sum(seat.language == language and seat.voice for seat in seats),
        )
        for language in languages
    }
