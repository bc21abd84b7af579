"""Limits on the bodies of requests before a handler runs: uploads at a time, bytes, pace.

They are plain ASGI middleware: a body is counted while it is read, and a refusal is cheap. Settings are read
for each request, so that a changed limit holds from the next request on.
"""

import asyncio
import time
from collections.abc import Callable, Set
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.errors import error_response
from sokuji.api.limits import client_address
from sokuji.api.path_prefix import route_path
from sokuji.errors import Overloaded, RateLimited, TooLarge


class UploadLimit:
    """Answers 503 to an upload while too many are being received, and 429 while its client has too many.

    Args:
        paths: the paths of uploads.
        place: holds a place while a body is received, or raises ``Overloaded``.
        client_place: takes a client's address, and holds one of its places until it has its answer, or raises
            ``RateLimited``.
    """

    def __init__(
        self,
        app: ASGIApp,
        paths: Set[str],
        place: Callable[[], AbstractContextManager[None]],
        client_place: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._app = app
        self._paths = paths
        self._place = place
        self._client_place = client_place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, holding its places."""
        if scope["type"] != "http" or route_path(scope) not in self._paths:
            await self._app(scope, receive, send)
            return
        with ExitStack() as request, ExitStack() as receiving:
            try:
                request.enter_context(self._client_place(client_address(scope)))
                receiving.enter_context(self._place())
            except (Overloaded, RateLimited) as refusal:
                await error_response(refusal, scope)(scope, receive, send)
                return

            async def receive_and_release() -> Message:
                message = await receive()
                if not message.get("more_body", False):
                    receiving.close()
                return message

            await self._app(scope, receive_and_release, send)


class BodyPace(NamedTuple):
    """How slowly a body may come; only the time in which the service waits for it counts."""

    timeout_s: float
    """Within which the next chunk must come."""
    min_bytes_per_s: int
    """Mean rate that it must have from ``timeout_s`` on; 0: any."""
    max_s: float
    """Within which all of it must come."""

    def left_s(self, waited_s: float, read_bytes: int) -> float:
        """For how long a client may be waited for, of which so much has been received."""
        left_s = min(self.timeout_s, self.max_s - waited_s)
        if self.min_bytes_per_s:
            left_s = min(left_s, self.timeout_s + read_bytes / self.min_bytes_per_s - waited_s)
        return left_s


class BodyLimit:
    """Answers 413 to a request body of more bytes than the limit of its path, and 408 to a slow one.

    A declared length above the limit is refused before anything is read. A body without a declared length is
    refused as soon as the bytes read exceed the limit; no more of it is read.

    Args:
        limit: path -> bytes.
        pace: returns the bounds of its pace.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: Callable[[str], int],
        pace: Callable[[], BodyPace],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limit = limit
        self._pace = pace
        self._clock = clock

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
        read_bytes, waited_s, complete = 0, 0.0, False

        async def receive_and_count() -> Message:
            nonlocal read_bytes, waited_s, complete
            if complete:  # Only the disconnection of the client can come.
                return await receive()
            began = self._clock()
            message = await self._next_chunk(receive, waited_s, read_bytes)
            waited_s += self._clock() - began
            complete = not message.get("more_body", False)
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit:
                # FastAPI turns all other exceptions into a 400 while it reads a body.
                raise HTTPException(too_large.status, too_large.message)
            return message

        await self._app(scope, receive_and_count, send)

    async def _next_chunk(self, receive: Receive, waited_s: float, read_bytes: int) -> Message:
        pace = self._pace()
        left_s = pace.left_s(waited_s, read_bytes)
        try:
            async with asyncio.timeout(left_s):
                return await receive()
        except TimeoutError:
            stalls = left_s == pace.timeout_s
            reason = "the request body stalls" if stalls else "the request body comes too slowly"
            raise HTTPException(408, f"{reason}; send it again") from None
