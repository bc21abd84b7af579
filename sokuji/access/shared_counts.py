"""Where counts are kept: in Redis for all replicas, or in the memory of this one.

While Redis does not answer, this replica counts alone, so that clients notice nothing: their limits then hold
for each replica.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from limits.aio.storage import MemoryStorage

from sokuji.access.counts import Counts
from sokuji.access.leases import MemoryLeases
from sokuji.access.request_window import SlidingWindow

log = logging.getLogger(__name__)

T = TypeVar("T")
RETRY_S = 5.0
"""How long Redis is left alone after it did not answer."""


class SharedCounts:
    """See the module.

    Args:
        redis_url: empty: there is no Redis.
        clock: seconds on a monotonic clock.
    """

    def __init__(self, redis_url: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.redis_url = redis_url
        self._clock = clock
        self._own = Counts(MemoryStorage(), SlidingWindow(), MemoryLeases(), _nothing)
        self._shared: Counts | None = None
        self._failures: tuple[type[Exception], ...] = ()
        if redis_url:
            self._shared, self._failures = _connected(redis_url)
        self._shared_from = 0.0
        """When Redis may be called again."""

    async def close(self) -> None:
        """End the connections to Redis; the next operation opens new ones."""
        if self._shared is not None:
            await self._shared.close()

    async def call(self, operation: Callable[[Counts], Awaitable[T]]) -> T:
        """What an operation on the counts returns."""
        if self._shared is not None and self._clock() >= self._shared_from:
            try:
                return await operation(self._shared)
            except self._failures as error:
                self._shared_from = self._clock() + RETRY_S
                # The error is not shown: it may have the address with its password.
                log.warning(
                    "Redis does not answer (%s): for %g s this replica counts alone",
                    type(error).__name__,
                    RETRY_S,
                )
        return await operation(self._own)


async def _nothing() -> None:
    """There are no connections."""


def _connected(url: str) -> tuple[Counts, tuple[type[Exception], ...]]:
    # The library is needed with Redis only.
    from sokuji.access import redis_counts

    return redis_counts.connect(url), redis_counts.FAILURES
