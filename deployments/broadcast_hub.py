"""The hub of the broadcasts as an actor of Ray, which all gateways of an application reach by its name.

It is started by the first broadcast and ends by itself a while after the last one, so that a service without
broadcasts has no process for them. If it is lost, the gateways that publish start another one: listeners miss
what was under way, and go on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import ray
from ray import serve

from deployments.handles import engine_errors
from sokuji import __version__
from sokuji.broadcast.contract import BroadcastLimits, Delivery, Demand, WantedLanguages
from sokuji.broadcast.hub import Hub
from sokuji.errors import ReplicaLost, UnknownBroadcast
from sokuji.events import Ack, BroadcastState, Event

NAMESPACE = "sokuji"
MAX_CALLS = 10_000
"""Every gateway waits in one call for each broadcast that it has to do with."""
IDLE_S = 60.0
_CHECK_S = 10.0
ResultT = TypeVar("ResultT")


class HubActor(Hub):
    """A hub that ends its process when there have been no broadcasts for ``IDLE_S``."""

    def __init__(self) -> None:
        super().__init__()
        self._retiring = False

    async def retire_when_idle(self) -> None:
        """Wait for the end; does nothing if another call does."""
        if self._retiring:
            return
        self._retiring, idle_s = True, 0.0
        while idle_s < IDLE_S:
            await asyncio.sleep(_CHECK_S)
            idle_s = idle_s + _CHECK_S if self.is_idle else 0.0
        ray.actor.exit_actor()  # type: ignore[no-untyped-call]


def hub_name() -> str:
    """The actor's name for the application of the replica in which this is called."""
    return f"broadcasts:{serve.get_replica_context().app_name}:{__version__}"


class RemoteHub:
    """See ``BroadcastHub``.

    Args:
        name: returns the actor's name.
    """

    def __init__(self, name: Callable[[], str] = hub_name) -> None:
        self._name = name
        self._actor: Any = None

    async def open(self, broadcast_id: str, limits: BroadcastLimits, resumed: Ack | None) -> int:
        """See ``BroadcastHub``."""
        with engine_errors():
            self._actor = await asyncio.to_thread(self._started)
        return await self._call(lambda hub: hub.open.remote(broadcast_id, limits, resumed))

    async def publish(self, broadcast_id: str, connection: int, events: Sequence[Event]) -> None:
        """See ``BroadcastHub``."""
        await self._call(lambda hub: hub.publish.remote(broadcast_id, connection, events))

    async def wanted(self, broadcast_id: str, connection: int, known: int) -> WantedLanguages:
        """See ``BroadcastHub``."""
        return await self._call(lambda hub: hub.wanted.remote(broadcast_id, connection, known))

    async def close(self, broadcast_id: str, connection: int, *, over: bool) -> None:
        """See ``BroadcastHub``."""
        await self._call(lambda hub: hub.close.remote(broadcast_id, connection, over=over))

    async def demand(self, broadcast_id: str, follower: str, demands: Mapping[str, Demand]) -> None:
        """See ``BroadcastHub``."""
        await self._call(lambda hub: hub.demand.remote(broadcast_id, follower, demands))

    async def follow(
        self, broadcast_id: str, follower: str, after: int, state: BroadcastState | None
    ) -> Delivery:
        """See ``BroadcastHub``."""
        return await self._call(lambda hub: hub.follow.remote(broadcast_id, follower, after, state))

    async def _call(self, method: Callable[[Any], Awaitable[ResultT]]) -> ResultT:
        try:
            with engine_errors():
                if self._actor is None:
                    self._actor = await asyncio.to_thread(self._found)
                return await method(self._actor)
        except ReplicaLost:
            # Its name leads to another one, once somebody publishes.
            self._actor = None
            raise

    def _found(self) -> object:
        try:
            return ray.get_actor(self._name(), namespace=NAMESPACE)
        except ValueError:
            raise UnknownBroadcast(
                "there is no such broadcast, or it is over; ask its speaker for a new link", param="broadcast"
            ) from None

    def _started(self) -> object:
        options = {
            "name": self._name(),
            "namespace": NAMESPACE,
            "lifetime": "detached",
            "get_if_exists": True,
            "num_cpus": 0,
            "max_concurrency": MAX_CALLS,
        }
        actor = cast(Any, ray.remote(HubActor)).options(**options).remote()
        actor.retire_when_idle.remote()
        return actor
