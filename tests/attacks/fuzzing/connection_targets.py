"""Connections: whatever bytes come, in whatever pieces, a protocol raises nothing and ends."""

import asyncio
import struct
from collections.abc import Callable, Iterator, Mapping

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from deployments.frame_channel.wire import ChannelEnd
from deployments.http_server.http import BoundedHttpProtocol
from deployments.http_server.websocket import BoundedWebSocketProtocol

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TURNS = 8
"""Of the event loop, which an application takes to read what has come and to answer it."""
LOOP = asyncio.new_event_loop()


class MemoryTransport(asyncio.Transport):
    """A connection whose client reads all that is sent; ``protocol`` takes what it sends."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.protocol: asyncio.Protocol | None = None
        self.sent = bytearray()
        self._closing = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads what comes; accepts every WebSocket and sends its messages back."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                await send({**message, "type": "websocket.send"})
        return
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def _pieces(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces of a size that the first one says; 0: all at once."""
    size = data[0] if data and data[0] else len(data) or 1
    return (data[start : start + size] for start in range(1, len(data), size))


async def _served(before: bytes, data: bytes) -> None:
    config = Config(
        application, http=BoundedHttpProtocol, ws=BoundedWebSocketProtocol, log_config=None, lifespan="off"
    )
    config.load()
    state, transport = ServerState(), MemoryTransport()
    protocol = BoundedHttpProtocol(config, state, {})
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    for piece in (before, *_pieces(data)):
        if piece and not transport.is_closing() and transport.protocol is not None:
            transport.protocol.data_received(piece)
            await _turns()
    assert transport.protocol is not None
    transport.protocol.connection_lost(None)
    await _turns()
    assert not state.connections
    for task in state.tasks:
        task.cancel()
    await asyncio.gather(*state.tasks, return_exceptions=True)


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def http_connection(data: bytes) -> None:
    """All that comes over a connection to the proxy."""
    LOOP.run_until_complete(_served(b"", data))


def websocket_connection(data: bytes) -> None:
    """What comes after a handshake."""
    LOOP.run_until_complete(_served(HANDSHAKE, data))


def frame_channel(data: bytes) -> None:
    """What comes over the channel between proxy and gateway."""

    async def read() -> None:
        reader = asyncio.StreamReader()
        writer = asyncio.StreamWriter(MemoryTransport(), asyncio.StreamReaderProtocol(reader), reader, LOOP)
        reader.feed_data(data)
        reader.feed_eof()
        channel, size = ChannelEnd(reader, writer), 0
        while (message := await channel.read("websocket.receive")) is not None:
            size += len(message.get("bytes") or message.get("text", ""))
        channel.abort()
        assert size <= len(data)

    LOOP.run_until_complete(read())


def _frame(first: int, payload: bytes) -> bytes:
    """One masked frame (RFC 6455, section 5.2); the key is zero."""
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


def _http(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\0" + b"\r\n".join((*lines, b"", b"")) + body


TARGETS: Mapping[Callable[[bytes], None], tuple[bytes, ...]] = {
    http_connection: (
        _http(b"GET /a?b HTTP/1.1", b"Host: a"),
        _http(b"POST / HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\n\r\n"),
        _http(b"HEAD / HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", body=b"1\r\na??"),
        _http(b"POST / HTTP/1.1", b"Host: a", b"Content-Length: 1", b"Expect: 100-continue", body=b"a"),
        b"\0" + HANDSHAKE + _frame(0x82, b"a"),
    ),
    websocket_connection: (
        b"\0" + _frame(0x81, b"a") + _frame(0x89, b"b") + _frame(0x88, struct.pack("!H", 1000)),
        b"\x01" + _frame(0x01, b"a") + _frame(0x00, b"b") + _frame(0x80, b"c"),
        b"\0" + _frame(0x81, b"\xf3") + _frame(0x88, struct.pack("!H", 1000)),
    ),
    frame_channel: (
        struct.pack("!BI", 1, 1) + b"a" + struct.pack("!BI", 2, 2) + b"bc",
        struct.pack("!BI", 1, 2) + b"b\xff",
    ),
}
"""Target -> what a mutation begins with."""
