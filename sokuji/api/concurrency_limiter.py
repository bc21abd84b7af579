"""A limit on how many tasks do something at the same time; it can change while they do it.

``asyncio.Semaphore`` cannot be resized, and a new one does not count the slots that are in use with the old
one: for a while the sum of both limits would run.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class ConcurrencyLimiter:
    """Slots, of which at most ``limit`` are in use, except after ``resize`` has lowered the limit.

    ``async with limiter`` waits for a slot, first come, first served; ``slot_or_raise`` does not wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_use = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """Slots that may be in use."""
        return self._limit

    @property
    def in_use(self) -> int:
        """Slots in use: more than ``limit`` until enough are released after ``resize`` has lowered it."""
        return self._in_use

    def resize(self, limit: int) -> None:
        """Change the limit; slots in use are kept, so a lower limit takes effect as they are released."""
        self._limit = limit
        self._give_free_slots()

    async def __aenter__(self) -> None:
        """Wait for a slot."""
        # A free slot means that no task waits: free slots are given to waiters at once.
        if self._in_use < self._limit:
            self._in_use += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                # The slot had been given to this task before it was cancelled.
                self._release()
            raise
        finally:
            self._waiters.remove(waiter)

    async def __aexit__(self, *_: object) -> None:
        """Release the slot."""
        self._release()

    @contextmanager
    def slot_or_raise(self, refusal: Exception) -> Iterator[None]:
        """Hold a slot, or raise ``refusal`` if none is free."""
        if self._in_use >= self._limit:
            raise refusal
        self._in_use += 1
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        self._in_use -= 1
        self._give_free_slots()

    def _give_free_slots(self) -> None:
        """Give the free slots to the tasks that have waited longest."""
        for waiter in self._waiters:
            if self._in_use >= self._limit:
                return
            if not waiter.done():
                self._in_use += 1
                waiter.set_result(None)


class KeyedLimiter:
    """A ``ConcurrencyLimiter`` for each key, for as long as somebody uses it.

    Args:
        limit: of each of them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._limiters: dict[str, tuple[ConcurrencyLimiter, int]] = {}
        """With the number of their users."""

    def __len__(self) -> int:
        """Keys in use."""
        return len(self._limiters)

    def resize(self, limit: int) -> None:
        """Change the limit of all, as ``ConcurrencyLimiter.resize`` does."""
        self._limit = limit
        for limiter, _ in self._limiters.values():
            limiter.resize(limit)

    @contextmanager
    def of(self, key: str) -> Iterator[ConcurrencyLimiter]:
        """The limiter of a key; slots of it may be held until the block ends."""
        limiter, users = self._limiters.get(key) or (ConcurrencyLimiter(self._limit), 0)
        self._limiters[key] = limiter, users + 1
        try:
            yield limiter
        finally:
            _, users = self._limiters[key]
            if users > 1:
                self._limiters[key] = limiter, users - 1
            else:
                del self._limiters[key]
