"""One connection of a conversation: a WebSocket on which the service has sent ``ready``."""

import contextlib
import json
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sokuji.client.handshake import close_socket, open_socket, received_messages
from sokuji.client.messages import ProtocolViolation, decode
from sokuji.client.send_buffer import SendBuffer
from sokuji.events import Event, Failed, Ready
from sokuji.protocol import ConfigFields


class Connection:
    """A connection that is ready; ``open_connection`` creates it."""

    def __init__(self, socket: ClientConnection, ready: Ready, events: AsyncIterator[Event]) -> None:
        self.ready = ready
        self.events = events
        """The events after ``ready``; the iteration ends with ``ConnectionLost``."""
        self._socket = socket

    async def send_all(self, buffer: SendBuffer) -> None:
        """Send the messages of ``buffer`` as they are added, until the connection closes.

        This returns silently when it closes: ``events`` raises the reason.
        """
        with contextlib.suppress(ConnectionClosed):
            while True:
                content = await buffer.take()
                await self._socket.send(
                    content if isinstance(content, bytes) else json.dumps({"type": content})
                )

    async def close(self) -> None:
        """Close the connection, whatever state it is in."""
        await close_socket(self._socket)


async def open_connection(url: str, config: ConfigFields, api_key: str | None = None) -> Connection:
    """Connect, send the ``config`` message and wait for ``ready``.

    Args:
        api_key: see ``handshake.authorization``.

    Raises:
        ServiceUnreachable: nothing answers there, or a server without this API.
        ConnectionLost: the service closed the connection without an error event.
        SokujiError: the service refuses the key or the config; the class says why.
    """
    socket = await open_socket(url, api_key=api_key)
    try:
        # A service that is full sends its error and closes without waiting for the config.
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(config))
        events = decode(received_messages(socket))
        first = await anext(events)
        if isinstance(first, Failed):
            raise first.error
        if not isinstance(first, Ready):
            raise ProtocolViolation(f"the service began with {type(first).__name__} instead of Ready")
    except BaseException:
        await close_socket(socket)
        raise
    return Connection(socket, first, events)
