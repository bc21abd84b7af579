"""Counts what is held at the same time, such as sessions: each holder has a lease that it renews.

A holder that ends without notice, with its process, loses its lease after ``LEASE_S``.
"""

import uuid
from collections import Counter
from typing import Protocol

LEASE_S = 30.0
RENEWAL_S = 10.0
"""Interval at which holders renew: two may be missed."""


class Leases(Protocol):
    """The leases of all holders; those of one ``name`` are counted together."""

    async def take(self, name: str, holder: str, most: int) -> bool:
        """Take or renew a lease, unless there are ``most`` others; whether the holder has one now."""

    async def give_back(self, name: str, holder: str) -> None:
        """End a lease, if there is one."""


def new_holder() -> str:
    """A name that no other holder has."""
    return uuid.uuid4().hex


class MemoryLeases:
    """Of the holders in this process, which need not renew: they give back."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    async def take(self, name: str, holder: str, most: int) -> bool:
        """See ``Leases``."""
        if holder in self._holders:
            return True
        if self._counts[name] >= most:
            return False
        self._holders[holder] = name
        self._counts[name] += 1
        return True

    async def give_back(self, name: str, holder: str) -> None:
        """See ``Leases``."""
        if self._holders.pop(holder, None) is not None:
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]
