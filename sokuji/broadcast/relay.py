"""The broadcasts at one gateway: those of its sessions, and those to which somebody listens here.

Each of the latter is followed once, however many listeners there are.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sokuji.broadcast.contract import BroadcastHub, BroadcastLimits
from sokuji.broadcast.feed import Feed, Seat
from sokuji.broadcast.mailbox import Mailbox
from sokuji.broadcast.publisher import Attend, Publisher
from sokuji.config.broadcast import BroadcastSettings
from sokuji.errors import NotSupported, Overloaded
from sokuji.events import Ack, Draining


class Relay:
    """See the module; ``settings`` may be replaced, for new listeners."""

    def __init__(self, hub: BroadcastHub, settings: BroadcastSettings) -> None:
        self.settings = settings
        self._hub = hub
        self._feeds: dict[str, Feed] = {}
        self._users: Counter[Feed] = Counter()
        """Listeners of each feed, those who are about to join among them."""
        self._draining = False
        self._places = 0

    @property
    def seats(self) -> list[Seat]:
        """Those of all listeners."""
        return [seat for feed in self._users for seat in feed.seats]

    @property
    def broadcasts(self) -> int:
        """How many there are listeners of."""
        return len(self._users)

    def publisher(self, broadcast_id: str, resumed: Ack | None, attend: Attend) -> Publisher:
        """What makes a session a broadcast; see ``Publisher``.

        Raises:
            NotSupported: there are no broadcasts.
        """
        settings = self.settings
        self._check_enabled()
        limits = BroadcastLimits(
            settings.max_listeners, settings.max_languages, settings.late_join_segments, settings.resume_s
        )
        return Publisher(self._hub, broadcast_id, limits, resumed, attend)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one of the places of this gateway.

        Raises:
            Overloaded: all are taken, or this gateway goes away.
            NotSupported: there are no broadcasts.
        """
        self._check_enabled()
        if self._draining:
            raise Overloaded("this replica is shutting down; connect again to reach another", retry_after_s=1)
        limit = self.settings.max_gateway_listeners
        if self._places >= limit:
            raise Overloaded(f"all {limit} places of listeners are taken; try again shortly", retry_after_s=5)
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    @asynccontextmanager
    async def listen(
        self, broadcast_id: str, language: str, *, voice: bool, after: int | None
    ) -> AsyncIterator[tuple[Feed, Seat]]:
        """Listen until the end of the block.

        Args:
            language: canonical code.
            after: number of the last event that the listener has had; None: none.

        Raises:
            UnknownBroadcast, ProviderUnavailable, Overloaded: see ``Feed.join``.
        """
        feed = self._feed(broadcast_id)
        seat = Seat(language, voice, Mailbox(self.settings.max_waiting_bytes))
        self._users[feed] += 1
        try:
            await feed.join(seat, after)
            yield feed, seat
        finally:
            await self._leave(feed, seat)

    def drain(self, reconnect_within_ms: int) -> None:
        """Ask all listeners to connect to another replica, and let no others in."""
        self._draining = True
        for feed in self._users:
            feed.tell(Draining(reconnect_within_ms))
            feed.close()

    def stop_draining(self) -> None:
        """Let listeners in again."""
        self._draining = False

    def _check_enabled(self) -> None:
        if not self.settings.max_gateway_listeners:
            raise NotSupported("this service has no broadcasts", param="broadcast")

    def _feed(self, broadcast_id: str) -> Feed:
        """The feed of a broadcast, which may have begun anew after its end."""
        feed = self._feeds.get(broadcast_id)
        if feed is None or feed.state == "ended":
            settings = self.settings
            feed = Feed(self._hub, broadcast_id, settings.late_join_segments, settings.resume_s)
            self._feeds[broadcast_id] = feed
        return feed

    async def _leave(self, feed: Feed, seat: Seat) -> None:
        self._users[feed] -= 1
        if not self._users[feed]:
            del self._users[feed]
            if self._feeds.get(feed.broadcast_id) is feed:
                del self._feeds[feed.broadcast_id]
            await feed.aclose()
        await feed.leave(seat)
