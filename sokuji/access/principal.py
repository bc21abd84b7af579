"""One client on one connection: who it is, what it may do, and what it uses until it has ended."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from sokuji.access.allowance import Allowance
from sokuji.access.key_ring import HEADER, KeyRing
from sokuji.access.leases import RENEWAL_S, new_holder
from sokuji.access.quotas import Quotas, Resource
from sokuji.access.request_window import allowance_of
from sokuji.config.keys import Key, KeyScope
from sokuji.errors import Forbidden, RateLimited, TooManySessions, UsageExceeded

REVOCATION_S = 1.0
"""Interval at which the key of an open session is looked up again."""
CHARGED_MS = 1_000
"""A session is charged for its audio when so much more of it has come."""


class Principal:
    """See the module. Without a key nothing is counted, and everything is allowed.

    Args:
        address: the client's.
        key: None: the service demands none.
        session: what the client secret opens that the client shows; None: it shows none.
    """

    def __init__(
        self,
        address: str,
        keys: KeyRing,
        quotas: Quotas,
        key: Key | None = None,
        session: dict[str, Any] | None = None,
    ) -> None:
        self.address = address
        self.key = key
        self.session = session
        self.allowances: list[Allowance] = []
        """As of the admission of the request."""
        self._keys = keys
        self._quotas = quotas
        self._reserved: Counter[Resource] = Counter()
        self._used: Counter[Resource] = Counter()
        """Not charged yet."""
        self._received_ms = 0

    def check_scope(self, scope: KeyScope | None) -> None:
        """Check that the client may do something; None: what all clients may do that have a key.

        Raises:
            Forbidden: names what is missing.
        """
        if scope is None:
            return
        if self.session is not None:
            if scope is not KeyScope.SESSIONS:
                raise Forbidden("a client secret opens sessions only; use an API key", param=HEADER)
        elif self.key is not None and scope not in self.key.scopes:
            raise Forbidden(
                f"this API key lacks the scope {scope.value!r}; it has: {', '.join(sorted(self.key.scopes))}",
                param=HEADER,
            )

    async def admit_request(self, of_address: Allowance | None = None) -> None:
        """Count a request or a new socket.

        Args:
            of_address: what is left of the requests of the address; it is told where the key has no limit.

        Raises:
            RateLimited: there are too many.
        """
        key = self.key
        self.allowances = [of_address] if of_address else []
        if key is None:
            return
        try:
            found = [await self._quotas.admit_request(key)]
        except RateLimited as refusal:
            limit = key.limits.requests_per_minute or 0
            self.allowances = [allowance_of(limit, limit, refusal.retry_after_s or 0)]
            raise
        found += [await self._quotas.allowance(key, resource) for resource in Resource]
        self.allowances = [each for each in found if each is not None] + self.allowances

    async def use(self, resource: Resource, amount: int) -> None:
        """Set aside what will be used; it is charged later.

        Raises:
            UsageExceeded: so much is not left.
        """
        if self.key is not None:
            await self._quotas.reserve(self.key, resource, amount)
            self._reserved[resource] += amount
            self._used[resource] += amount

    async def meter_audio(self, received_ms: float) -> None:
        """Charge a session for what it has used.

        Args:
            received_ms: all audio that has come so far.

        Raises:
            UsageExceeded: nothing is left.
        """
        if self.key is None:
            return
        self._used[Resource.AUDIO] += int(received_ms) - self._received_ms
        self._received_ms = int(received_ms)
        if self._used[Resource.AUDIO] >= CHARGED_MS or self._used[Resource.CHARACTERS]:
            await self._charge()

    async def settle(self, *, failed: bool = False) -> None:
        """Charge what has been used and is not charged yet. Call it at the end.

        Args:
            failed: whether the service failed, so that nothing is charged.
        """
        if failed:
            self._used.clear()
        with contextlib.suppress(UsageExceeded):
            await self._charge()

    async def _charge(self) -> None:
        """Charge what has been used, and end the reservations."""
        reserved, self._reserved = self._reserved, Counter()
        used, self._used = self._used, Counter()
        if self.key is None:
            return
        for resource, amount in reserved.items():
            self._quotas.release(self.key, resource, amount)
        refusal: UsageExceeded | None = None
        for resource, amount in used.items():
            try:
                await self._quotas.charge(self.key, resource, amount)
            except UsageExceeded as error:
                refusal = error
        if refusal is not None:
            raise refusal

    @asynccontextmanager
    async def session_place(self) -> AsyncIterator[None]:
        """Hold one of the sessions of the key.

        Raises:
            TooManySessions: it has as many as it may have.
            UsageExceeded: no audio is left.
        """
        if self.key is None:
            yield
            return
        key, holder = self.key, new_holder()
        await self._quotas.reserve(key, Resource.AUDIO, 1)
        self._quotas.release(key, Resource.AUDIO, 1)
        await self._quotas.hold_session(key, holder)
        renewing = asyncio.create_task(self._renew(key, holder))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._quotas.end_session(key, holder)

    async def _renew(self, key: Key, holder: str) -> NoReturn:
        while True:
            await asyncio.sleep(RENEWAL_S)
            # Others may have taken its place while Redis was away: the session goes on.
            with contextlib.suppress(TooManySessions):
                await self._quotas.hold_session(key, holder)

    async def until_revoked(self) -> None:
        """Wait while the key is accepted, forever without one; changed limits hold from then on.

        Raises:
            Unauthenticated: it has been revoked or has expired.
        """
        while self.key is not None:
            await asyncio.sleep(REVOCATION_S)
            self.key = self._keys.current(self.key.id)
        await asyncio.get_running_loop().create_future()
