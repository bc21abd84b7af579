"""Detection that Serve has begun to stop a replica, while its requests still run.

Serve informs user code by the destructor alone, after the last request, and an open socket is a request. So
the replica polls the flag that Serve sets in the replica's process as soon as the controller stops it: on
redeployment, scaling down, deletion, and when a node is drained. ``__ray_call__``, Ray's developer API, gives
access to the replica's actor. ``_replica_impl`` and ``_shutting_down`` are private names of Ray Serve 2.60;
no other file uses them, and a test of the real service fails if they change.
"""

import asyncio
from typing import Protocol

import ray

POLL_S = 0.1
"""Serve's controller runs its own loop every 0.1 s."""


class _Replica(Protocol):
    _shutting_down: bool


class _ReplicaActor(Protocol):
    _replica_impl: _Replica


_this_replica: list[_Replica] = []


def _remember_replica(actor: _ReplicaActor) -> None:
    """Runs in the calling process, on the event loop of the actor (``__ray_call__``)."""
    replica = actor._replica_impl
    _ = replica._shutting_down
    _this_replica[:] = [replica]


async def until_stopped() -> None:
    """Return when Serve has begun to stop the replica of this process, at most ``POLL_S`` later.

    Raises:
        AttributeError, RayError: this version of Ray has no such flag.
    """
    await ray.get_runtime_context().current_actor.__ray_call__.remote(_remember_replica)
    while True:
        if _this_replica[0]._shutting_down:
            return
        await asyncio.sleep(POLL_S)
