"""What the clients of each key and address have used of their limits, and the refusal of what is beyond them.

Requests are counted in a sliding window of a minute, audio and characters in a day that begins with the first
of them. A request reserves what it will use and is charged when it has ended, so that what failed costs
nothing; a session is charged as it goes. Reservations of this process alone are known here: several replicas
together may exceed a limit by the requests that are in progress.
"""

import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from sokuji.access.allowance import Allowance
from sokuji.access.counts import Counts
from sokuji.access.shared_counts import SharedCounts
from sokuji.config.keys import Key
from sokuji.errors import TooManySessions, UsageExceeded

DAY_S = 86_400
SESSION_RETRY_S = 5.0


class Resource(StrEnum):
    """What is counted by the day."""

    AUDIO = "audio"
    """Milliseconds of audio that a client sends."""
    CHARACTERS = "characters"
    """Characters of texts to translate or to speak."""


_PER_SHOWN = {Resource.AUDIO: 1_000, Resource.CHARACTERS: 1}
_SHOWN_NAMES = {Resource.AUDIO: "audio-seconds", Resource.CHARACTERS: "characters"}


def daily_limit(key: Key, resource: Resource) -> int | None:
    """How much a key may use in a day, in the unit of the resource; None: as much as it likes."""
    if resource is Resource.CHARACTERS:
        return key.limits.characters_per_day
    minutes = key.limits.audio_minutes_per_day
    return None if minutes is None else max(1, round(60_000 * minutes))


class Quotas:
    """See the module.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, counts: SharedCounts, clock: Callable[[], float] = time.time) -> None:
        self._counts = counts
        self._clock = clock
        self._reserved: Counter[tuple[str, Resource]] = Counter()

    async def admit_address(self, address: str, per_minute: int) -> Allowance:
        """Count a request of an address; returns what is left of them.

        Raises:
            RateLimited: there have been too many in the last minute.
        """
        return await self._counts.call(lambda counts: counts.requests.admit(f"at {address}", per_minute))

    async def admit_request(self, key: Key) -> Allowance | None:
        """Count a request; returns what is left of them, None: there is no limit.

        Raises:
            RateLimited: there have been too many in the last minute.
        """
        limit = key.limits.requests_per_minute
        if limit is None:
            return None
        name = _name(key, "requests")
        return await self._counts.call(lambda counts: counts.requests.admit(name, limit))

    async def allowance(self, key: Key, resource: Resource) -> Allowance | None:
        """What is left of a day; None: there is no limit."""
        limit = daily_limit(key, resource)
        if limit is None:
            return None
        used, reset_s = await self._used(key, resource)
        unit = _PER_SHOWN[resource]
        return Allowance(_SHOWN_NAMES[resource], limit // unit, max(0, limit - used) // unit, reset_s)

    async def reserve(self, key: Key, resource: Resource, amount: int) -> None:
        """Set aside what a request will use, until ``release``.

        Raises:
            UsageExceeded: so much is not left.
        """
        limit = daily_limit(key, resource)
        if limit is not None:
            reserved = self._reserved[key.id, resource] + amount
            self._reserved[key.id, resource] = reserved
            used, reset_s = await self._used(key, resource)
            if used + reserved > limit:
                self.release(key, resource, amount)
                raise _exceeded(key, resource, max(0, limit - used), reset_s)

    def release(self, key: Key, resource: Resource, amount: int) -> None:
        """End a reservation."""
        self._reserved[key.id, resource] -= amount
        if self._reserved[key.id, resource] <= 0:
            del self._reserved[key.id, resource]

    async def charge(self, key: Key, resource: Resource, amount: int) -> None:
        """Count what has been used.

        Raises:
            UsageExceeded: it was more than was left; it is counted all the same.
        """
        limit = daily_limit(key, resource)
        if limit is None or not amount:
            return
        name = _name(key, resource)
        used = await self._counts.call(lambda counts: counts.storage.incr(name, DAY_S, amount))
        if used > limit:
            _, reset_s = await self._used(key, resource)
            raise _exceeded(key, resource, 0, reset_s)

    async def hold_session(self, key: Key, holder: str) -> None:
        """Hold one of the sessions of a key, or go on to hold it; see ``Leases`` for ``holder``.

        Raises:
            TooManySessions: there are as many as it may have.
        """
        limit = key.limits.sessions
        if limit is None:
            return
        name = _name(key, "sessions")
        if not await self._counts.call(lambda counts: counts.leases.take(name, holder, limit)):
            raise TooManySessions(
                f"this API key has {limit} sessions already, which is all it may have; end one of them",
                retry_after_s=SESSION_RETRY_S,
            )

    async def end_session(self, key: Key, holder: str) -> None:
        """Give back what ``hold_session`` has taken, if it has."""
        name = _name(key, "sessions")
        await self._counts.call(lambda counts: counts.leases.give_back(name, holder))

    async def _used(self, key: Key, resource: Resource) -> tuple[int, float]:
        """What has been used of the day, and seconds until the next one."""
        name = _name(key, resource)

        async def read(counts: Counts) -> tuple[int, float]:
            used = await counts.storage.get(name)
            ends_at = await counts.storage.get_expiry(name) if used else 0.0
            return used, max(0.0, ends_at - self._clock())

        return await self._counts.call(read)


def _name(key: Key, counted: str) -> str:
    return f"{key.id}/{counted}"


def _exceeded(key: Key, resource: Resource, left: int, reset_s: float) -> UsageExceeded:
    field = {Resource.AUDIO: "audio_minutes_per_day", Resource.CHARACTERS: "characters_per_day"}[resource]
    limit = getattr(key.limits, field)
    shown = f"{left // 1_000} s" if resource is Resource.AUDIO else f"{left} characters"
    return UsageExceeded(
        f"{field}: this API key may use {limit:g}, and {shown} are left; more from {reset_s / 3_600:.1f} h "
        "on, or ask the operator of the service for a higher limit",
        param=field,
        retry_after_s=reset_s or DAY_S,
    )
