"""Counts the calls of each client over the last minute (a sliding window log)."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from sokuji.access.allowance import Allowance
from sokuji.errors import RateLimited

WINDOW_S = 60.0


class RequestWindow(Protocol):
    """The calls of all clients, each of which has a name of its own."""

    async def admit(self, client: str, per_minute: int) -> Allowance:
        """Count a call; returns what is left then. Refused calls do not count.

        Raises:
            RateLimited: the client has made ``per_minute`` calls within the last minute; ``retry_after_s``
                says when the next one will be admitted.
        """


class SlidingWindow:
    """See ``RequestWindow``; in the memory of this process.

    Clients without a call in the last minute are dropped: memory is bounded by the calls of a minute.

    Args:
        clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    async def admit(self, client: str, per_minute: int) -> Allowance:
        """See ``RequestWindow``."""
        now = self._clock()
        self._drop_idle(now - WINDOW_S)
        calls = self._calls.setdefault(client, deque())
        while calls and calls[0] <= now - WINDOW_S:
            calls.popleft()
        if len(calls) >= per_minute:
            raise too_many_calls(per_minute, calls[-per_minute] + WINDOW_S - now)
        calls.append(now)
        self._calls.move_to_end(client)
        return allowance_of(per_minute, len(calls))

    @property
    def clients(self) -> int:
        """Clients that have called within the last minute."""
        return len(self._calls)

    def _drop_idle(self, before: float) -> None:
        """Drop the clients whose last call came before; the dictionary is in the order of last calls."""
        while self._calls and next(iter(self._calls.values()))[-1] <= before:
            self._calls.popitem(last=False)


def allowance_of(per_minute: int, calls: int, reset_s: float = WINDOW_S) -> Allowance:
    """What is left after so many calls, the last of them now."""
    return Allowance("requests", per_minute, max(0, per_minute - calls), reset_s)


def too_many_calls(per_minute: int, wait_s: float) -> RateLimited:
    """The refusal of a call, and when the next one will be admitted."""
    return RateLimited(
        f"more than {per_minute} requests a minute; try again in {wait_s:.0f} s", retry_after_s=wait_s
    )
