"""One connection of a conversation: a socket on which the service has said that it is ready."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sokuji.client.handshake import dial, hang_up, messages
from sokuji.client.messages import ProtocolViolation, decode
from sokuji.client.send_buffer import SendBuffer
from sokuji.events import Event, Failed, Ready


class Connection:
    """A connection that is ready; ``open_link`` makes one."""

    def __init__(self, socket: ClientConnection, ready: Ready, events: AsyncIterator[Event]) -> None:
        self.ready = ready
        self.events = events
        """What comes behind ``ready``; raises ``ConnectionLost`` in the end."""
        self._socket = socket

    async def send_all(self, outbox: SendBuffer) -> None:
        """Send what there is and what comes, until the connection is closed: ``events`` tells why it is."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                content = await outbox.take()
                await self._socket.send(
                    content if isinstance(content, bytes) else json.dumps({"type": content})
                )

    async def close(self) -> None:
        """Close the connection, whatever state it is in."""
        await hang_up(self._socket)


async def open_link(url: str, config: Mapping[str, Any]) -> Connection:
    """Connect and wait until the service is ready.

    Args:
        config: the ``config`` message.

    Raises:
        ServiceUnreachable: nothing answers there, or not with this API.
        ConnectionLost: it closed the connection without a word.
        SokujiError: the service refuses the config; the class says why.
    """
    socket = await dial(url)
    try:
        with contextlib.suppress(ConnectionClosed):  # A service that is full says so, and closes, at once.
            await socket.send(json.dumps(config))
        events = decode(messages(socket))
        first = await anext(events)
        if isinstance(first, Failed):
            raise first.error
        if not isinstance(first, Ready):
            raise ProtocolViolation(f"the service began with {type(first).__name__} instead of Ready")
    except BaseException:
        await hang_up(socket)
        raise
    return Connection(socket, first, events)
