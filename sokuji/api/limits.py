"""What one client may ask for: calls a minute and bytes of a request body, before any handler runs.

Both limits are plain ASGI middleware, so that a body is counted while it is read and a refusal costs next to
nothing. Settings are looked up for each request: a changed limit holds from the next one on.
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
from sokuji.errors import Overloaded, RateLimited, TooLarge

WINDOW_S = 60.0
UNLIMITED_PATHS = ("/health", "/metrics")
"""Probes: to refuse them would make a busy replica look like a broken one."""


class MovingWindow:
    """Counts the calls of each client over the last minute (a sliding window log).

    Clients that have been quiet for a minute are forgotten: memory is bounded by the calls of a minute.

    Args:
        clock: seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, client: str, per_minute: int) -> None:
        """Count one call; refused calls do not count.

        Raises:
            RateLimited: ``per_minute`` calls within the last minute; says when the next one is welcome.
        """
        now = self._clock()
        self._forget(now - WINDOW_S)
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

    @property
    def clients(self) -> int:
        """How many clients are remembered."""
        return len(self._calls)

    def _forget(self, before: float) -> None:
        """Drop the clients whose last call is that old; the dictionary is in the order of last calls."""
        while self._calls and next(iter(self._calls.values()))[-1] <= before:
            self._calls.popitem(last=False)


def client_address(scope: Scope) -> str:
    """The peer's address; that of a proxy for all clients behind it, unless the proxy passes theirs on."""
    return scope["client"][0] if scope.get("client") else "unknown"


class RateLimit:
    """Answers 429 where ``admit`` refuses the address of a client. Socket doors ask it themselves."""

    def __init__(self, app: ASGIApp, admit: Callable[[str], None]) -> None:
        self._app = app
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        if scope["type"] == "http" and route_path(scope) not in UNLIMITED_PATHS:
            try:
                self._admit(client_address(scope))
            except RateLimited as refusal:
                await error_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class UploadLimit:
    """Answers 503 to an upload when too many are being received; a slow one holds its place until it is in.

    Args:
        paths: those that take uploads.
        slot: holds a place, or raises ``Overloaded``.
    """

    def __init__(
        self, app: ASGIApp, paths: Set[str], slot: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._app = app
        self._paths = paths
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, holding a place while its body comes in."""
        if scope["type"] != "http" or route_path(scope) not in self._paths:
            await self._app(scope, receive, send)
            return
        with ExitStack() as place:
            try:
                place.enter_context(self._slot())
            except Overloaded as refusal:
                await error_response(refusal)(scope, receive, send)
                return

            async def received() -> Message:
                message = await receive()
                if not message.get("more_body", False):
                    place.close()
                return message

            await self._app(scope, received, send)


class BodyLimit:
    """Answers 413 to a request body of more bytes than the limit of its path, and 408 to one that stalls.

    A length that is declared too large is refused before anything is read; a body without a declared length
    is refused as soon as the bytes read exceed the limit, and no more of it is read.

    Args:
        limit: path -> bytes.
        timeout_s: gives the seconds in which the next piece of a body must come.
    """

    def __init__(self, app: ASGIApp, limit: Callable[[str], int], timeout_s: Callable[[], float]) -> None:
        self._app = app
        self._limit = limit
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, counting what is read of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(route_path(scope))
        too_large = TooLarge(f"the request body is larger than {limit} bytes")
        declared = Headers(scope=scope).get("content-length", "")
        # As a float, because thousands of digits are no int that Python reads.
        if declared.isdecimal() and float(declared) > limit:
            await error_response(too_large)(scope, receive, send)
            return
        taken, complete = 0, False

        async def counted() -> Message:
            nonlocal taken, complete
            try:
                # Behind the body comes nothing but the news that the client has left.
                async with asyncio.timeout(None if complete else self._timeout_s()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the request body stalls; send it again") from None
            complete = not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > limit:
                # The framework passes this class alone unharmed through the reading of a body.
                raise HTTPException(too_large.status, too_large.message)
            return message

        await self._app(scope, counted, send)


def route_path(scope: Scope) -> str:
    """The path of a request below the place where the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
