"""What gateways need of the hub of the broadcasts, and what travels between them and it.

There is one hub for a service. A gateway that holds a session publishes its events there; gateways with
listeners follow it. Both poll: a call returns when there is news, or after a while without, so that whoever
calls no more is gone. Everything here can be pickled.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sokuji.events import Ack, BroadcastState, Event, HeardEvent


class NumberedEvent(NamedTuple):
    """An event for the listeners."""

    number: int
    """Grows with every event of a broadcast, also if the hub is lost in between."""
    event: HeardEvent


class Demand(NamedTuple):
    """What the listeners of one gateway want of one language."""

    listeners: int
    voices: int
    """How many of them want to hear it."""


class BroadcastLimits(NamedTuple):
    """See ``BroadcastSettings``."""

    max_listeners: int
    max_languages: int
    late_join_segments: int
    resume_s: float


class WantedLanguages(NamedTuple):
    """What all listeners of a broadcast want."""

    version: int
    """Grows with every change."""
    voiced: Mapping[str, bool]
    """Canonical code -> whether anybody wants to hear it."""
    listeners: int


class Delivery(NamedTuple):
    """What has happened since the last one."""

    entries: Sequence[NumberedEvent]
    last: int
    """Number of the last event, whether it is among them or not."""
    state: BroadcastState
    source_language: str


class BroadcastHub(Protocol):
    """The broadcasts of a service.

    Every method may raise ``ProviderUnavailable``: the hub is not reachable, or has been lost with all that
    it knew. ``UnknownBroadcast``: see there.
    """

    async def open(self, broadcast_id: str, limits: BroadcastLimits, resumed: Ack | None) -> int:
        """Begin a broadcast, or go on with it on another connection of its speaker.

        Args:
            resumed: where the session goes on; None: it is new.

        Returns:
            The number of this connection, which the other calls of the speaker's side need. Those with an
            older one raise ``Replaced``.
        """

    async def publish(self, broadcast_id: str, connection: int, events: Sequence[Event]) -> None:
        """Hand events over, in order. Those that another connection has brought already are dropped."""

    async def wanted(self, broadcast_id: str, connection: int, known: int) -> WantedLanguages:
        """What is wanted, as soon as it is of another version than ``known``. The speaker is there."""

    async def close(self, broadcast_id: str, connection: int, *, over: bool) -> None:
        """Note that the speaker's connection is closed; ``over``: nobody will resume it."""

    async def demand(self, broadcast_id: str, follower: str, demands: Mapping[str, Demand]) -> None:
        """Replace what the listeners of a gateway want; by language. Nothing: it follows no more.

        Raises:
            Overloaded: there would be more listeners or languages than there may be; nothing has changed.
        """

    async def follow(
        self, broadcast_id: str, follower: str, after: int, state: BroadcastState | None
    ) -> Delivery:
        """What happened behind event ``after``, as soon as there is something, or another state.

        A voice that nobody there wants is left out. A gateway that follows stays registered.
        """
