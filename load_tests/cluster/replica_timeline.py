"""How many replicas of each deployment served, over time."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from load_tests.cluster.cluster import Cluster
from load_tests.cluster.polling import POLL_S


@dataclass(slots=True)
class ReplicaTimeline:
    """The numbers at each change, with the seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)
    changes: list[tuple[float, Counter[str]]] = field(default_factory=list)

    def note(self, counts: Counter[str]) -> None:
        """Note the numbers now."""
        if not self.changes or self.changes[-1][1] != counts:
            self.changes.append((round(time.monotonic() - self.began, 1), counts))

    def most(self, deployment: str, since_s: float = 0.0) -> int:
        """The largest number of replicas since a time."""
        return max((counts[deployment] for at_s, counts in self.changes if at_s >= since_s), default=0)

    def reached_s(self, deployment: str, count: int, since_s: float = 0.0) -> float | None:
        """Seconds from ``since_s`` to the first time from then on with so many replicas; None: never."""
        for at_s, counts in self.changes:
            if at_s >= since_s and counts[deployment] == count:
                return round(at_s - since_s, 1)
        return None

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


@asynccontextmanager
async def watched(cluster: Cluster) -> AsyncIterator[ReplicaTimeline]:
    """A timeline that is kept until the end of the block; times in which the head is away are left out."""
    timeline = ReplicaTimeline()

    async def watch() -> None:
        while True:
            with suppress(httpx.HTTPError):
                timeline.note(await cluster.counts())
            await asyncio.sleep(POLL_S)

    watching = asyncio.create_task(watch())
    try:
        yield timeline
    finally:
        watching.cancel()
        await asyncio.wait([watching])
