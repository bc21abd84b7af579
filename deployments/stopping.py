"""How a replica learns that Serve has begun to stop it, while its requests still run.

Serve tells user code by the destructor alone, which it calls when all requests are over, and an open socket
is a request. So the replica watches the flag that Serve sets in the replica's own process as soon as the
controller asks it to end: redeployment, scaling down, deletion, a node that is drained. ``__ray_call__``,
Ray's API for developers, gives access to the actor that the replica is; the two names asked for there are
private ones of Ray Serve 2.60. They are used in this file alone, and a test of the real service fails when
they are gone.
"""

import asyncio
from typing import Any

import ray

POLL_S = 0.1
"""Serve's controller itself looks every 0.1 s at what there is to do."""

_own: list[Any] = []


def _remember(actor: Any) -> None:
    """Runs by ``__ray_call__`` in the process that asked for it, on the actor's own event loop."""
    replica = actor._replica_impl
    _ = replica._shutting_down
    _own[:] = [replica]


async def until_stopped() -> None:
    """Return when Serve has begun to stop the replica in which this is awaited, at most ``POLL_S`` later.

    Raises:
        AttributeError, RayError: this version of Ray keeps the flag elsewhere.
    """
    await ray.get_runtime_context().current_actor.__ray_call__.remote(_remember)
    while True:
        if _own[0]._shutting_down:
            return
        await asyncio.sleep(POLL_S)
