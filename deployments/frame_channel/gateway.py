"""The gateway's end: ASGI middleware that connects to the channel which a WebSocket's scope names.

An application sees no difference: handshake, frames and the end of the connection come in the same order. But
``send`` waits where the client does not read: what is on its way to a client has a bounded size.
"""

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.frame_channel.wire import (
    ACCEPTED,
    MAX_BUFFERED_BYTES,
    SCOPE_KEY,
    ChannelAddress,
    ChannelEnd,
    unix_socket,
)

FINISH_TIMEOUT_S = 10.0
"""Longer than the proxy gives a client to take its last frames."""


class ChannelledFrames:
    """Sends and receives the frames of ``app``'s WebSockets over their channels, where there are any."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        address = scope.get(SCOPE_KEY)
        channel = None if address is None else await _connect(ChannelAddress(*address))
        if channel is None:
            await self._app(scope, receive, send)
            return
        socket = _ChannelledSocket(channel, receive, send)
        try:
            await self._app(scope, socket.receive, socket.send)
        finally:
            await _finish(channel)


async def _connect(address: ChannelAddress) -> ChannelEnd | None:
    """None: nobody listens there, such as for a proxy on another machine."""
    connecting = unix_socket()
    try:
        await asyncio.get_running_loop().sock_connect(connecting, address.socket_address)
    except OSError:
        connecting.close()
        return None
    reader, writer = await asyncio.open_unix_connection(sock=connecting, limit=MAX_BUFFERED_BYTES)
    writer.write(address.key.encode())
    # No timeout: a proxy that answers late would take the channel for open after this side had given it up.
    with contextlib.suppress(OSError):
        if await reader.read(len(ACCEPTED)) == ACCEPTED:
            return ChannelEnd(reader, writer)
    writer.transport.abort()
    return None


async def _finish(channel: ChannelEnd) -> None:
    """Let the last frames arrive: the kernel may drop them where an end is closed that has not read all."""
    channel.end()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FINISH_TIMEOUT_S):
            await channel.discard()
    channel.abort()


class _ChannelledSocket:
    """``receive`` and ``send`` of one WebSocket, as the application sees them."""

    def __init__(self, channel: ChannelEnd, receive: Receive, send: Send) -> None:
        self._channel = channel
        self._receive = receive
        self._send = send
        self._accepted = False

    async def receive(self) -> Message:
        if self._accepted and (message := await self._channel.read("websocket.receive")) is not None:
            return message
        # The handshake, and behind the last frame the end of the connection.
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            await self._channel.write(message)
            return
        if message["type"] == "websocket.close":
            self._channel.end()
        await self._send(message)
        self._accepted = self._accepted or message["type"] == "websocket.accept"
