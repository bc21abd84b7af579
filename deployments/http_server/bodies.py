"""Bodies of requests that come faster than the application reads them: a window, as in TCP or HTTP/2.

Serve's proxy reads a body as fast as it comes and the replica fetches all that the proxy has, so that nothing
bounds what waits in either, least of all while no replica is free. Here the proxy hands over the bytes of one
window; more follows as the application takes it. The replica says so in messages of a type of their own among
those of its response, which Serve passes on like any other.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOW_BYTES = 2**18
"""Of one body, which the application has not taken. One read of the server's (256 KiB) may go beyond it."""
REPORT_BYTES = WINDOW_BYTES // 2
"""Taken since the last report. Smaller bodies need no report."""
SCOPE_KEY = "sokuji.body_window"
"""In the scope of a request whose sender waits for reports. Only a server can set it, no client."""
TAKEN = "sokuji.body.taken"
"""Type of the messages that report ``bytes``."""


class BodyWindows:
    """The proxy's end: middleware around Serve's proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its body as fast as it is taken."""
        if scope["type"] == "http":
            scope = {**scope, SCOPE_KEY: True}
            window = _Window(receive, send)
            receive, send = window.receive, window.send
        await self._app(scope, receive, send)


class _Window:
    """``receive`` and ``send`` of one request, as Serve's proxy sees them."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._ahead_bytes = 0
        """Handed over and not reported as taken."""
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def receive(self) -> Message:
        message = await self._receive()
        if body := message.get("body"):
            await self._has_room.wait()
            self._hand_over(len(body))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == TAKEN:
            self._hand_over(-message["bytes"])
        else:
            await self._send(message)

    def _hand_over(self, size: int) -> None:
        self._ahead_bytes += size
        if self._ahead_bytes < WINDOW_BYTES:
            self._has_room.set()
        else:
            self._has_room.clear()


class ReportedBodies:
    """The gateway's end: middleware around its application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and report what the application takes of its body."""
        if SCOPE_KEY not in scope:
            await self._app(scope, receive, send)
            return
        unreported = 0

        async def receive_and_report() -> Message:
            nonlocal unreported
            message = await receive()
            unreported += len(message.get("body", b""))
            if unreported >= REPORT_BYTES and message.get("more_body", False):
                await send({"type": TAKEN, "bytes": unreported})
                unreported = 0
            return message

        await self._app(scope, receive_and_report, send)
