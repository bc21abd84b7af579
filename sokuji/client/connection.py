"""One connection of a conversation, on which the service has sent ``ready``: a WebSocket, or a gRPC call."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sokuji.client.handshake import close_socket, open_socket, received_messages
from sokuji.client.messages import ProtocolViolation, decode
from sokuji.client.send_buffer import SendBuffer
from sokuji.errors import InvalidRequest
from sokuji.events import Event, Failed, Ready
from sokuji.protocol import ConfigFields

GRPC_SCHEMES = ("grpc://", "grpcs://")


class Connection(Protocol):
    """A connection that is ready; ``open_connection`` creates it."""

    @property
    def ready(self) -> Ready:
        """What the service has said first."""

    @property
    def events(self) -> AsyncIterator[Event]:
        """The events after ``ready``; the iteration ends with ``ConnectionLost``."""

    async def send_all(self, buffer: SendBuffer) -> None:
        """Send the messages of ``buffer`` as they are added, until the connection closes.

        This returns silently when it closes: ``events`` raises the reason.
        """

    async def close(self) -> None:
        """Close the connection, whatever state it is in."""


class WebSocketConnection:
    """See ``Connection``."""

    def __init__(self, socket: ClientConnection, ready: Ready, events: AsyncIterator[Event]) -> None:
        self.ready = ready
        self.events = events
        self._socket = socket

    async def send_all(self, buffer: SendBuffer) -> None:
        """See ``Connection``."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                content = await buffer.take()
                await self._socket.send(
                    content if isinstance(content, bytes) else json.dumps({"type": content})
                )

    async def close(self) -> None:
        """See ``Connection``."""
        await close_socket(self._socket)


async def open_connection(url: str, config: ConfigFields, api_key: str | None = None) -> Connection:
    """Connect, send the ``config`` message and wait for ``ready``.

    Args:
        url: with the scheme ``grpc`` or ``grpcs``, the address of the service's gRPC.
        api_key: see ``handshake.authorization``.

    Raises:
        ServiceUnreachable: nothing answers there, or a server without this API.
        ConnectionLost: the service closed the connection without an error event.
        SokujiError: the service refuses the key or the config; the class says why.
    """
    if url.startswith(GRPC_SCHEMES):
        return await _grpc_connection(url, config, api_key)
    socket = await open_socket(url, api_key=api_key)
    try:
        # A service that is full sends its error and closes without waiting for the config.
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(config))
        events = decode(received_messages(socket))
        ready = await first_event(events)
    except BaseException:
        await close_socket(socket)
        raise
    return WebSocketConnection(socket, ready, events)


async def _grpc_connection(url: str, config: ConfigFields, api_key: str | None) -> Connection:
    try:
        from sokuji.client.grpc_connection import open_call
    except ImportError as error:
        raise InvalidRequest(
            f"{url} needs the extra grpc: install sokuji-bridge[grpc] ({error.name} is missing)", param="url"
        ) from None
    return await open_call(url, config, api_key)


async def first_event(events: AsyncIterator[Event]) -> Ready:
    """The event with which a conversation begins.

    Raises:
        SokujiError: the service has begun with an error, or with something else.
    """
    first = await anext(events)
    if isinstance(first, Failed):
        raise first.error
    if not isinstance(first, Ready):
        raise ProtocolViolation(f"the service began with {type(first).__name__} instead of Ready")
    return first
