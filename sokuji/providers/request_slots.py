"""Slots for requests that are served at the same time, given out in the order of ``CallerQueue``."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sokuji.contract import StageRequest
from sokuji.providers.caller_queue import CallerQueue

RESERVED_SHARE = 4
"""One slot of so many, and at least one where there are several, is kept for urgent requests: what has begun
is not interrupted, and a slot may be in use for seconds."""


@dataclass(eq=False, slots=True)
class Slot:
    """A place of one request, which waits for it or has it."""

    caller: str
    urgent: bool
    due: float
    number: int
    given: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RequestSlots:
    """At most ``limit`` requests at the same time; others wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._numbers = itertools.count()
        self._queue: CallerQueue[Slot] = CallerQueue(turn=1)

    def resize(self, limit: int) -> None:
        """Change the limit; slots in use are kept."""
        self._limit = limit
        self._give_free_slots()

    def lift_limit(self) -> None:
        """Let nobody wait any more."""
        self.resize(sys.maxsize)

    async def acquire(self, request: StageRequest, due: float = 0.0) -> Slot:
        """Wait for a slot; ``release`` it.

        Args:
            due: see ``Queued``.
        """
        slot = Slot(request.caller, request.urgent, due, next(self._numbers))
        self._queue.add(slot)
        self._give_free_slots()
        try:
            await slot.given
        except asyncio.CancelledError:
            if slot.given.cancelled():
                self._queue.drop(slot)
            else:
                self.release(slot)
            raise
        return slot

    def release(self, slot: Slot) -> None:
        """Free a slot."""
        self._queue.done(slot)
        self._give_free_slots()

    @asynccontextmanager
    async def hold(self, request: StageRequest) -> AsyncIterator[None]:
        """Hold a slot for ``request``, after waiting for it."""
        slot = await self.acquire(request)
        try:
            yield
        finally:
            self.release(slot)

    @property
    def _deferrable_limit(self) -> int:
        return max(1, self._limit - max(1, self._limit // RESERVED_SHARE))

    def _give_free_slots(self) -> None:
        while waiting := self._queue.first(1):
            (slot,) = waiting
            if slot.given.cancelled():
                self._queue.drop(slot)
                continue
            deferrable = self._queue.in_service(urgent=False)
            if self._queue.in_service(urgent=True) + deferrable >= self._limit:
                return
            if not slot.urgent and deferrable >= self._deferrable_limit:
                return
            self._queue.take(slot)
            slot.given.set_result(None)
