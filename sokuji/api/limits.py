"""The limit on the calls of a client in a minute, before a handler runs; ``body_limits`` has those on bodies.

It is plain ASGI middleware: a refusal is cheap. Settings are read for each request, so that a changed limit
holds from the next request on.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.doors import door_of
from sokuji.api.errors import error_response
from sokuji.api.path_prefix import route_path
from sokuji.errors import RateLimited

WINDOW_S = 60.0
UNLIMITED_PATHS = ("/health", "/health/live", "/health/ready", "/metrics")
"""Probes: refusing them would make a busy replica look broken."""


class Allowance(NamedTuple):
    """What a client may still call."""

    limit: int
    """Calls a minute."""
    remaining: int
    """Calls that would be admitted now."""
    reset_s: float
    """Seconds until all of them are, if it calls no more."""

    @property
    def headers(self) -> dict[str, str]:
        """As OpenAI sends it with each response."""
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": f"{self.reset_s:.3f}s",
        }


class SlidingWindow:
    """Counts the calls of each client over the last minute (a sliding window log).

    Clients without a call in that minute are dropped: memory is bounded by the calls of a minute.

    Args:
        clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, client: str, per_minute: int) -> None:
        """Count a call. Refused calls do not count.

        Raises:
            RateLimited: the client has made ``per_minute`` calls within the last minute; ``retry_after_s``
                says when the next one will be admitted.
        """
        now = self._clock()
        self._drop_idle(now - WINDOW_S)
        calls = self._calls.setdefault(client, deque())
        while calls and calls[0] <= now - WINDOW_S:
            calls.popleft()
        if len(calls) >= per_minute:
            wait_s = calls[-per_minute] + WINDOW_S - now
            raise RateLimited(
                f"more than {per_minute} requests a minute; try again in {wait_s:.0f} s", retry_after_s=wait_s
            )
        calls.append(now)
        self._calls.move_to_end(client)

    def allowance(self, client: str, per_minute: int) -> Allowance:
        """What a client may still call, of ``per_minute``."""
        now = self._clock()
        calls = [at for at in self._calls.get(client, ()) if at > now - WINDOW_S]
        return Allowance(
            per_minute, max(per_minute - len(calls), 0), calls[-1] + WINDOW_S - now if calls else 0.0
        )

    @property
    def clients(self) -> int:
        """Clients that have called within the last minute."""
        return len(self._calls)

    def _drop_idle(self, before: float) -> None:
        """Drop the clients whose last call came before; the dictionary is in the order of last calls."""
        while self._calls and next(iter(self._calls.values()))[-1] <= before:
            self._calls.popitem(last=False)


def client_address(scope: Scope) -> str:
    """The address of the peer; behind a proxy that is the proxy's, unless the server trusts its headers."""
    return scope["client"][0] if scope.get("client") else "unknown"


class RateLimit:
    """Answers 429 where ``admit`` refuses a client's address. ``SessionConnection`` does so for sockets.

    Args:
        admit: counts a call, or raises ``RateLimited``.
        allowance: what is left, which the responses to clients of OpenAI say; None: there is no limit.
    """

    def __init__(
        self, app: ASGIApp, admit: Callable[[str], None], allowance: Callable[[str], Allowance | None]
    ) -> None:
        self._app = app
        self._admit = admit
        self._allowance = allowance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or route_path(scope) in UNLIMITED_PATHS:
            await self._app(scope, receive, send)
            return
        address = client_address(scope)
        if door_of(route_path(scope)) == "openai":
            send = self._telling_allowance(address, send)
        try:
            self._admit(address)
        except RateLimited as refusal:
            await error_response(refusal, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _telling_allowance(self, address: str, send: Send) -> Send:
        async def send_with_allowance(message: Message) -> None:
            allowance = self._allowance(address)
            if message["type"] == "http.response.start" and allowance is not None:
                MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        return send_with_allowance
