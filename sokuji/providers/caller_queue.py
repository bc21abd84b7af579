"""The order in which the requests of several callers are served, the same in all providers. Pure.

Urgent requests come before all others. Among equals callers take turns: the first request of each caller
comes before the second of any, those that are being served included, and a caller that has had its turn goes
behind all others that wait. So a caller delays others by a bounded amount of work, however much it asks for,
and callers that need no more than a turn are served in order of arrival. It is round-robin scheduling with a
quantum (A. S. Tanenbaum, "Modern Operating Systems", section 2.4).
"""

import heapq
import itertools
from bisect import insort
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar


class Queued(Protocol):
    """Something that waits to be served."""

    @property
    def caller(self) -> str:
        """For whom it is."""

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for it."""

    @property
    def due(self) -> float:
        """When it is needed; what is due earlier comes first, whosever it is. 0: callers take turns."""

    @property
    def number(self) -> int:
        """Counts the requests as they come; no two have the same."""


T = TypeVar("T", bound=Queued)


class _Caller(Generic[T]):
    """What one caller has waiting and in service, of one urgency."""

    def __init__(self, position: int) -> None:
        self.position = position
        """Its place in the round; lower ones come first."""
        self.served = 0
        """Items of its turn that have been taken."""
        self.waiting: list[T] = []
        """The first to be served first."""
        self.in_service: list[T] = []


class CallerQueue(Generic[T]):
    """Requests that wait or are in service; it is not safe for threads.

    Args:
        turn: how many items one caller may have served before others.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._positions = itertools.count()
        self._callers: dict[tuple[bool, str], _Caller[T]] = {}
        """(urgent, caller) -> what it has here; those without anything are left out."""

    def add(self, item: T) -> None:
        """Let an item wait. One that comes back from service keeps the place of its caller."""
        key = (item.urgent, item.caller)
        if key not in self._callers:
            self._callers[key] = _Caller(next(self._positions))
        insort(self._callers[key].waiting, item, key=_own_order)

    def take(self, item: T, *, counts: bool = True) -> None:
        """Put a waiting item in service.

        Args:
            counts: whether this is a part of its caller's turn.
        """
        caller = self._callers[item.urgent, item.caller]
        caller.waiting.remove(item)
        caller.in_service.append(item)
        caller.served += counts

    def done(self, item: T) -> None:
        """Note that the service of an item has ended; ``add`` it before if it needs more."""
        caller = self._callers[item.urgent, item.caller]
        caller.in_service.remove(item)
        if caller.served >= self._turn:
            caller.served, caller.position = 0, next(self._positions)
        self._forget(item)

    def drop(self, item: T) -> None:
        """Remove an item if it waits here."""
        caller = self._callers.get((item.urgent, item.caller))
        if caller is not None and item in caller.waiting:
            caller.waiting.remove(item)
            self._forget(item)

    def take_all(self) -> list[T]:
        """Remove all waiting items and return them."""
        waiting = [item for caller in self._callers.values() for item in caller.waiting]
        for item in waiting:
            self.drop(item)
        return waiting

    @property
    def waits(self) -> bool:
        """Whether any item waits."""
        return any(caller.waiting for caller in self._callers.values())

    def first(self, most: int) -> Sequence[T]:
        """The next items to serve, ``most`` at most: all urgent, or none."""
        urgent = any(each.waiting for (is_urgent, _), each in self._callers.items() if is_urgent)
        order = heapq.nsmallest(most, self._order(urgent=urgent, most=most))
        return [item for *_, item in order]

    def in_service(self, *, urgent: bool) -> int:
        """How many items of one urgency are in service."""
        return sum(len(each.in_service) for (of, _), each in self._callers.items() if of == urgent)

    def all(self, *, urgent: bool) -> Iterator[T]:
        """All items of one urgency, waiting or in service."""
        for (of, _), caller in self._callers.items():
            if of == urgent:
                yield from caller.waiting
                yield from caller.in_service

    def _order(self, *, urgent: bool, most: int) -> Iterator[tuple[float, int, int, int, T]]:
        """Sort keys, and the item behind each."""
        for (of, _), caller in self._callers.items():
            if of == urgent:
                before = len(caller.in_service)
                for rank, item in enumerate(caller.waiting[:most], start=before):
                    yield item.due, rank, caller.position, item.number, item

    def _forget(self, item: T) -> None:
        """Forget the caller of an item if nothing is left of it."""
        key = (item.urgent, item.caller)
        if not (self._callers[key].waiting or self._callers[key].in_service):
            del self._callers[key]


def _own_order(item: Queued) -> tuple[float, int]:
    return item.due, item.number
