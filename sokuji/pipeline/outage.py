"""When a provider whose process is gone is expected back: after as long as it took the last times."""

import asyncio
import math
import time
from collections.abc import Callable

NEWEST_WEIGHT = 0.5
"""Weight of the last outage in the mean: what starts a process, and so its time, seldom changes."""


class Outage:
    """The outages of one provider.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._usual_s: float | None = None
        self._over = asyncio.Event()

    @property
    def is_on(self) -> bool:
        """Whether the provider is gone."""
        return self._began is not None

    @property
    def expected_s(self) -> float:
        """Seconds until it is expected back; infinity: there has been none yet, or this one lasts longer than
        usual, so that nothing is known."""
        if self._began is None:
            return 0.0
        rest_s = math.inf if self._usual_s is None else self._began + self._usual_s - self._clock()
        return rest_s if rest_s > 0 else math.inf

    def learn(self, took_s: float) -> None:
        """Note how long an outage, or the first start, took."""
        usual_s = took_s if self._usual_s is None else self._usual_s
        self._usual_s = usual_s + NEWEST_WEIGHT * (took_s - usual_s)

    def begin(self) -> None:
        """Note that the provider is gone, unless it is known already."""
        if self._began is None:
            self._began = self._clock()
            self._over.clear()

    def end(self) -> None:
        """Note that it is there."""
        if self._began is not None:
            self.learn(self._clock() - self._began)
            self._began = None
            self._over.set()

    async def until_over(self) -> None:
        """Return when the provider is there."""
        if self.is_on:
            await self._over.wait()
