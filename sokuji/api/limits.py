"""Limits on requests before a handler runs: calls a minute, uploads at a time, bytes and pauses of a body.

They are plain ASGI middleware: a body is counted while it is read, and a refusal is cheap. Settings are read
for each request, so that a changed limit holds from the next request on.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Set
from contextlib import AbstractContextManager, ExitStack

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.errors import error_response
from sokuji.api.path_prefix import route_path
from sokuji.errors import Overloaded, RateLimited, TooLarge

WINDOW_S = 60.0
UNLIMITED_PATHS = ("/health", "/metrics")
"""Probes: refusing them would make a busy replica look broken."""


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

    def remaining(self, client: str, per_minute: int) -> tuple[int, float]:
        """How many calls of a client would be admitted now, and seconds until all ``per_minute`` would be."""
        now = self._clock()
        calls = [call for call in self._calls.get(client, ()) if call > now - WINDOW_S]
        return max(0, per_minute - len(calls)), calls[-1] + WINDOW_S - now if calls else 0.0

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
    """Answers 429 where ``admit`` refuses a client's address. ``SessionConnection`` does so for sockets."""

    def __init__(self, app: ASGIApp, admit: Callable[[str], None]) -> None:
        self._app = app
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and route_path(scope) not in UNLIMITED_PATHS:
            try:
                self._admit(client_address(scope))
            except RateLimited as refusal:
                await error_response(refusal, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class UploadLimit:
    """Answers 503 to an upload while too many are being received; each holds a slot until its body is read.

    Args:
        paths: the paths of uploads.
        slot: holds a slot, or raises ``Overloaded``.
    """

    def __init__(
        self, app: ASGIApp, paths: Set[str], slot: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._app = app
        self._paths = paths
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, holding a slot while its body is received."""
        if scope["type"] != "http" or route_path(scope) not in self._paths:
            await self._app(scope, receive, send)
            return
        with ExitStack() as held:
            try:
                held.enter_context(self._slot())
            except Overloaded as refusal:
                await error_response(refusal, scope)(scope, receive, send)
                return

            async def receive_and_release() -> Message:
                message = await receive()
                if not message.get("more_body", False):
                    held.close()
                return message

            await self._app(scope, receive_and_release, send)


class BodyLimit:
    """Answers 413 to a request body of more bytes than the limit of its path, and 408 to a body that stalls.

    A declared length above the limit is refused before anything is read. A body without a declared length is
    refused as soon as the bytes read exceed the limit; no more of it is read.

    Args:
        limit: path -> bytes.
        timeout_s: returns the seconds within which the next chunk of a body must come.
    """

    def __init__(self, app: ASGIApp, limit: Callable[[str], int], timeout_s: Callable[[], float]) -> None:
        self._app = app
        self._limit = limit
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes that are read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(route_path(scope))
        too_large = TooLarge(f"the request body is larger than {limit} bytes")
        declared = Headers(scope=scope).get("content-length", "")
        # As a float, because Python refuses to parse an int of thousands of digits.
        if declared.isdecimal() and float(declared) > limit:
            await error_response(too_large, scope)(scope, receive, send)
            return
        read_bytes, complete = 0, False

        async def receive_and_count() -> Message:
            nonlocal read_bytes, complete
            try:
                # After the body, only the disconnection of the client is received.
                async with asyncio.timeout(None if complete else self._timeout_s()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the request body stalls; send it again") from None
            complete = not message.get("more_body", False)
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit:
                # FastAPI turns all other exceptions into a 400 while it reads a body.
                raise HTTPException(too_large.status, too_large.message)
            return message

        await self._app(scope, receive_and_count, send)
