"""The hub of the broadcasts of a service: who speaks, what was said last, and who listens to it.

It is one object in one event loop: the only owner of this state. A speaker who resumes a session on another
connection brings events again, which ``Deduplicator`` drops, as it does for the speaker's own client.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from sokuji import events
from sokuji.broadcast.contract import (
    BroadcastLimits,
    Delivery,
    Demand,
    NumberedEvent,
    WantedLanguages,
)
from sokuji.broadcast.followers import Followers
from sokuji.broadcast.history import History
from sokuji.broadcast.repeats import Repeats
from sokuji.errors import Replaced, UnknownBroadcast
from sokuji.events import Ack, BroadcastState, Event

POLL_S = 2.0
"""After this time a poll returns without news."""
LEASE_S = 8.0
"""Who has not polled for so long is gone."""
KEEP_ENDED_S = 30.0
"""For so long those who poll are told that a broadcast is over."""


class _Broadcast:
    """One broadcast.

    Args:
        first: number of its first event.
    """

    def __init__(self, limits: BroadcastLimits, first: int) -> None:
        self.limits = limits
        self.history = History(limits.late_join_segments)
        self.history.last = first - 1
        self.followers = Followers(LEASE_S)
        self.connection = 0
        self.source_language = "auto"
        self.state: BroadcastState = "live"
        self.state_since = 0.0
        self.speaker_seen = 0.0
        self.repeats = Repeats()
        self._news = asyncio.Event()

    def publish(self, event: Event) -> None:
        """Add an event of the session."""
        if isinstance(event, events.Ready):
            self.source_language = event.source_language
        elif (heard := self.repeats.process(event)) is not None:
            self.history.add(NumberedEvent(self.history.last + 1, heard))

    def tell(self) -> None:
        """Wake those who wait."""
        self._news.set()
        self._news = asyncio.Event()

    async def wait(self) -> None:
        """Wait for something to happen."""
        await self._news.wait()

    def enter(self, state: BroadcastState, now: float) -> None:
        """Change the state."""
        if state != self.state:
            self.state, self.state_since = state, now
            self.tell()


class Hub:
    """See ``BroadcastHub``.

    Args:
        clock: monotonic seconds.
        first_number: of the events of a new broadcast: greater than those of a hub that was lost.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        first_number: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._clock = clock
        self._first_number = first_number
        self._broadcasts: dict[str, _Broadcast] = {}

    @property
    def is_idle(self) -> bool:
        """Whether there is no broadcast, nor has been for a short time."""
        self._expire()
        return not self._broadcasts

    async def open(self, broadcast_id: str, limits: BroadcastLimits, resumed: Ack | None) -> int:
        """See ``BroadcastHub``."""
        self._expire()
        broadcast = self._broadcasts.get(broadcast_id)
        if broadcast is None or broadcast.state == "ended":
            broadcast = self._broadcasts[broadcast_id] = _Broadcast(limits, self._first_number())
        elif resumed is not None:
            broadcast.repeats.resume(resumed)
        broadcast.connection += 1
        broadcast.limits = limits
        broadcast.speaker_seen = self._clock()
        broadcast.enter("live", self._clock())
        broadcast.tell()
        return broadcast.connection

    async def publish(self, broadcast_id: str, connection: int, events: Sequence[Event]) -> None:
        """See ``BroadcastHub``."""
        broadcast = self._of_speaker(broadcast_id, connection)
        for event in events:
            broadcast.publish(event)
        broadcast.tell()

    async def wanted(self, broadcast_id: str, connection: int, known: int) -> WantedLanguages:
        """See ``BroadcastHub``."""
        await self._poll(
            lambda: self._of_speaker(broadcast_id, connection),
            lambda broadcast: broadcast.followers.wanted.version != known,
        )
        return self._of_speaker(broadcast_id, connection).followers.wanted

    async def close(self, broadcast_id: str, connection: int, *, over: bool) -> None:
        """See ``BroadcastHub``."""
        self._of_speaker(broadcast_id, connection).enter("ended" if over else "interrupted", self._clock())

    async def demand(self, broadcast_id: str, follower: str, demands: Mapping[str, Demand]) -> None:
        """See ``BroadcastHub``."""
        broadcast = self._broadcast(broadcast_id)
        broadcast.followers.set(follower, demands, self._clock(), broadcast.limits)
        broadcast.tell()

    async def follow(
        self, broadcast_id: str, follower: str, after: int, state: BroadcastState | None
    ) -> Delivery:
        """See ``BroadcastHub``."""

        def following() -> _Broadcast:
            broadcast = self._broadcast(broadcast_id)
            if follower not in broadcast.followers:
                raise UnknownBroadcast("this gateway does not follow the broadcast")
            broadcast.followers.see(follower, self._clock())
            return broadcast

        def news(broadcast: _Broadcast) -> bool:
            return broadcast.history.last > after or broadcast.state != state

        await self._poll(following, news)
        broadcast = following()
        entries = broadcast.history.behind(after, broadcast.followers.voices(follower))
        return Delivery(tuple(entries), broadcast.history.last, broadcast.state, broadcast.source_language)

    async def _poll(self, find: Callable[[], _Broadcast], news: Callable[[_Broadcast], bool]) -> None:
        """Wait until there is news of a broadcast, for ``POLL_S`` at most."""
        try:
            async with asyncio.timeout(POLL_S):
                while not news(broadcast := find()):
                    await broadcast.wait()
        except TimeoutError:
            return

    def _broadcast(self, broadcast_id: str) -> _Broadcast:
        self._expire()
        try:
            return self._broadcasts[broadcast_id]
        except KeyError:
            raise UnknownBroadcast(
                "there is no such broadcast, or it is over; ask its speaker for a new link", param="broadcast"
            ) from None

    def _of_speaker(self, broadcast_id: str, connection: int) -> _Broadcast:
        broadcast = self._broadcast(broadcast_id)
        if connection != broadcast.connection or broadcast.state == "ended":
            raise Replaced("the broadcast goes on in another connection", param="broadcast")
        broadcast.speaker_seen = self._clock()
        return broadcast

    def _expire(self) -> None:
        now = self._clock()
        for broadcast in self._broadcasts.values():
            broadcast.followers.expire(now)
            if broadcast.state == "live" and now - broadcast.speaker_seen > LEASE_S:
                broadcast.enter("interrupted", now)
            if broadcast.state == "interrupted" and now - broadcast.state_since > broadcast.limits.resume_s:
                broadcast.enter("ended", now)
        over = [
            broadcast_id
            for broadcast_id, each in self._broadcasts.items()
            if each.state == "ended" and now - each.state_since > KEEP_ENDED_S
        ]
        for broadcast_id in over:
            del self._broadcasts[broadcast_id]
