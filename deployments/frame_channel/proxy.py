"""The proxy's end: ASGI middleware around Serve's proxy.

It offers every WebSocket a channel, in its scope. If the replica has connected when it accepts the WebSocket,
the frames of both directions take the channel. The proxy then reads the client only as fast as the replica
takes its frames, and the replica only as fast as the client takes its: flow control of sockets bounds what
waits between them.
"""

import asyncio
import contextlib
import secrets
from typing import Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.frame_channel.wire import (
    ACCEPTED,
    MAX_BUFFERED_BYTES,
    SCOPE_KEY,
    ChannelAddress,
    ChannelEnd,
    unix_socket,
)

KEY_BYTES = 16
KEY_TIMEOUT_S = 5.0
"""Within which whoever connects has to show a key."""
LAST_FRAMES_S = 5.0
"""How long a client is given to take the frames before its close frame."""


class FrameChannelMiddleware:
    """Gives the WebSockets of ``app`` channels; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        async with ChannelOffer() as offer:
            relay = _Relay(offer, receive, send)
            try:
                await self._app({**scope, SCOPE_KEY: offer.address}, relay.receive, relay.send)
            finally:
                await relay.close()


class ChannelOffer:
    """Listens for the connection that the replica may open for one WebSocket, inside of ``async with``."""

    def __init__(self) -> None:
        key = secrets.token_hex(KEY_BYTES)
        self.address = ChannelAddress(f"sokuji-frames-{secrets.token_hex(KEY_BYTES)}", key)
        self.channel: ChannelEnd | None = None
        """None: the replica has not connected."""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        listening = unix_socket()
        listening.bind(self.address.socket_address)
        self._server = await asyncio.start_unix_server(self._accept, sock=listening, limit=MAX_BUFFERED_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no longer; an open channel stays."""
        if self._server is not None:
            self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(KEY_TIMEOUT_S):
                key = await reader.readexactly(2 * KEY_BYTES)
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            key = b""
        if self.channel is None and secrets.compare_digest(key, self.address.key.encode()):
            self.channel = ChannelEnd(reader, writer)
            writer.write(ACCEPTED)
        else:
            writer.transport.abort()


class _Relay:
    """``receive`` and ``send`` of one WebSocket, as Serve's proxy sees them."""

    def __init__(self, offer: ChannelOffer, receive: Receive, send: Send) -> None:
        self._offer = offer
        self._receive = receive
        self._send = send
        self._sending: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """The next message that is not a frame, once all frames before it have been passed on."""
        while True:
            message = await self._receive()
            channel = self._offer.channel
            if channel is not None and message["type"] == "websocket.disconnect":
                channel.end()
            if channel is None or message["type"] != "websocket.receive":
                return message
            # A replica that has gone takes no frames; Serve finds that out by itself.
            with contextlib.suppress(OSError):
                await channel.write(message)

    async def send(self, message: Message) -> None:
        """Send what is not a frame, behind the frames that the replica has sent before it."""
        if self._sending is not None and (await asyncio.wait([self._sending], timeout=LAST_FRAMES_S))[1]:
            # The client reads nothing, and would not read this either.
            self._abort()
            return
        await self._send(message)
        if message["type"] == "websocket.accept" and (channel := self._offer.channel) is not None:
            self._sending = asyncio.create_task(self._send_frames(channel))

    async def close(self) -> None:
        """Drop the channel."""
        self._abort()
        if self._sending is not None:
            await asyncio.wait([self._sending])

    def _abort(self) -> None:
        if self._offer.channel is not None:
            self._offer.channel.abort()
        if self._sending is not None:
            self._sending.cancel()

    async def _send_frames(self, channel: ChannelEnd) -> None:
        try:
            while (message := await channel.read("websocket.send")) is not None:
                await self._send(message)
            channel.end()
        except (OSError, RuntimeError):
            # The client has gone, or the server has closed by itself (RuntimeError): the replica learns it
            # from its next frame at the latest.
            channel.abort()
