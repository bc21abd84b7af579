"""What goes over a frame channel: an address with a key, then frames, each a kind, a length and the payload.

Both ends are processes of one service, so nothing here has to be compatible between versions.
"""

import asyncio
import contextlib
import socket
import struct
from typing import NamedTuple

from starlette.types import Message

SCOPE_KEY = "sokuji.frame_channel"
"""Where the ASGI scope of a WebSocket names its ``ChannelAddress``. Only a server can set it, no client."""
ACCEPTED = b"+"
"""What the proxy answers to a key that it knows."""
MAX_BUFFERED_BYTES = 2**16
"""Frames that a reader takes ahead; a writer waits while as much is on its way."""
_HEADER = struct.Struct("!BI")
_TEXT, _BYTES = 1, 2


class ChannelAddress(NamedTuple):
    """Where the proxy expects the gateway's connection for one WebSocket."""

    name: str
    """Abstract address (unix(7)) without its leading zero byte: it vanishes with its process."""
    key: str
    """Hexadecimal; known to the proxy and the replica alone, since every local user can connect."""

    @property
    def socket_address(self) -> str:
        """For ``bind`` and ``connect``."""
        return f"\0{self.name}"


def unix_socket() -> socket.socket:
    """A non-blocking Unix stream socket."""
    created = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    created.setblocking(False)
    return created


class ChannelEnd:
    """One end of a frame channel; frames are ASGI messages, ``websocket.receive`` or ``websocket.send``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._header: tuple[int, int] | None = None
        """Of a frame whose payload has not been read yet: a read that is cancelled loses nothing."""
        self._ended = False
        writer.transport.set_write_buffer_limits(MAX_BUFFERED_BYTES)

    async def write(self, message: Message) -> None:
        """Send the text or the bytes of a message; return when the other end has taken almost all.

        Raises:
            OSError: the other end has gone, or this one has ended.
        """
        if self._ended or self._writer.is_closing():
            raise BrokenPipeError("the channel has ended")
        data = message.get("bytes")
        kind, payload = (_TEXT, message["text"].encode()) if data is None else (_BYTES, data)
        self._writer.write(_HEADER.pack(kind, len(payload)) + payload)
        await self._writer.drain()

    async def read(self, message_type: str) -> Message | None:
        """The next frame as a message of a type; None: the other end sends no more, or has gone."""
        try:
            if self._header is None:
                self._header = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
            kind, size = self._header
            payload = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError):
            return None
        self._header = None
        if kind == _TEXT:
            return {"type": message_type, "text": payload.decode(errors="replace")}
        return {"type": message_type, "bytes": payload}

    def end(self) -> None:
        """Send nothing more; what has been written still arrives."""
        if not self._ended and not self._writer.is_closing():
            self._writer.write_eof()
        self._ended = True

    async def discard(self) -> None:
        """Receive and drop frames until the other end sends no more."""
        with contextlib.suppress(OSError):
            while await self._reader.read(MAX_BUFFERED_BYTES):
                pass

    def abort(self) -> None:
        """Close, and drop what is on its way."""
        self._writer.transport.abort()
