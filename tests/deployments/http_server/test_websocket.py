"""WebSockets that claim, fragment or ping without end, against the server of Serve's proxy."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from deployments.http_server import websocket
from deployments.http_server.websocket import BoundedWebSocketProtocol
from tests.deployments.http_server.serve_server import serving, uvicorn_as_it_was

__all__ = ["uvicorn_as_it_was"]


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[BoundedWebSocketProtocol]:
    """The server's ends, in the order in which clients connected."""
    made: list[BoundedWebSocketProtocol] = []
    connect_handled: Callable[..., None] = BoundedWebSocketProtocol.handle_connect

    def noted(self: BoundedWebSocketProtocol, event: object) -> None:
        made.append(self)
        connect_handled(self, event)

    monkeypatch.setattr(BoundedWebSocketProtocol, "handle_connect", noted)
    return made


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(await socket.receive_bytes())
    except WebSocketDisconnect:
        pass


async def accept_never(socket: WebSocket) -> None:
    await socket.receive()
    assert (await socket.receive())["type"] == "websocket.disconnect"


APP = Starlette(routes=[WebSocketRoute("/", echo), WebSocketRoute("/never", accept_never)])


@asynccontextmanager
async def client(port: int) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{port}/", ping_interval=None, close_timeout=1) as connected:
        yield connected


def send_frame(connection: ClientConnection, opcode: Opcode, data: bytes, *, fin: bool) -> None:
    frame = Frame(opcode, data, fin)
    connection.transport.write(frame.serialize(mask=True))


@pytest.mark.parametrize(("variable", "compressed"), [("", False), ("false", False), ("true", True)])
async def test_only_a_server_that_is_told_to_compresses(
    monkeypatch: pytest.MonkeyPatch, variable: str, compressed: bool
) -> None:
    monkeypatch.setenv("WS_COMPRESSION", variable)
    async with serving(APP) as port, client(port) as connection:
        found = [isinstance(each, PerMessageDeflate) for each in connection.protocol.extensions]
        assert any(found) is compressed
        await connection.send(bytes(1_000))
        assert await connection.recv() == bytes(1_000)


@pytest.mark.slow
async def test_a_client_is_pinged_as_the_variables_say(
    monkeypatch: pytest.MonkeyPatch, protocols: list[BoundedWebSocketProtocol]
) -> None:
    async with serving(APP) as port, client(port):
        assert (protocols[-1].ping_interval, protocols[-1].ping_timeout) == (20, 20)
    monkeypatch.setenv("WS_PING_INTERVAL", "1")
    monkeypatch.setenv("WS_PING_TIMEOUT", "1")
    async with serving(APP) as port, client(port) as connection:
        async with asyncio.timeout(30):
            while not protocols[-1].last_ping_rtt:
                await asyncio.sleep(0.01)
        connection.transport.pause_reading()
        async with asyncio.timeout(30):
            while not protocols[-1].disconnected:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("data", [b"", b"a"])
async def test_a_message_in_endless_fragments_closes_its_socket(data: bytes) -> None:
    async with serving(APP) as port, client(port) as connection:
        send_frame(connection, Opcode.BINARY, data, fin=False)
        for _ in range(websocket.MAX_FRAGMENTS):
            send_frame(connection, Opcode.CONT, data, fin=False)
        with pytest.raises(ConnectionClosed):
            await connection.recv()


async def test_a_message_in_many_fragments_is_whole() -> None:
    async with serving(APP) as port, client(port) as connection:
        send_frame(connection, Opcode.BINARY, b"a", fin=False)
        for last in (*[False] * (websocket.MAX_FRAGMENTS - 2), True):
            send_frame(connection, Opcode.CONT, b"a", fin=last)
        assert await connection.recv() == b"a" * websocket.MAX_FRAGMENTS


async def test_pings_whose_answers_nobody_reads_close_their_socket(
    protocols: list[BoundedWebSocketProtocol],
) -> None:
    async with serving(APP) as port, client(port) as connection:
        connection.transport.pause_reading()
        async with asyncio.timeout(30):
            while not protocols[-1].disconnected:
                for _ in range(1_000):
                    send_frame(connection, Opcode.PING, bytes(125), fin=True)
                await asyncio.sleep(0)


async def test_what_comes_before_the_handshake_is_answered_is_bounded() -> None:
    async with serving(APP) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "GET /never HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        key = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        writer.write((head + key).encode())
        with pytest.raises(ConnectionError):
            for _ in range(2**14):
                writer.write(os.urandom(2**12))
                await writer.drain()
        writer.close()


async def test_unfinished_messages_of_all_sockets_are_bounded_together(
    monkeypatch: pytest.MonkeyPatch, protocols: list[BoundedWebSocketProtocol]
) -> None:
    monkeypatch.setattr(websocket, "MAX_UNFINISHED_BYTES", 6 * 2**20)
    async with serving(APP) as port, client(port) as modest, client(port) as one, client(port) as other:
        send_frame(modest, Opcode.BINARY, bytes(2**19), fin=False)
        for _ in range(4):
            send_frame(one, Opcode.BINARY if _ == 0 else Opcode.CONT, bytes(2**20), fin=False)
            await asyncio.sleep(0.05)
        for _ in range(4):
            send_frame(other, Opcode.BINARY if _ == 0 else Opcode.CONT, bytes(2**20), fin=False)
            await asyncio.sleep(0.05)
        with pytest.raises(ConnectionClosed):
            await other.recv()
        send_frame(modest, Opcode.CONT, b"b", fin=True)
        assert await modest.recv() == bytes(2**19) + b"b"
        assert not protocols[1].disconnected


@pytest.mark.parametrize("given", ["mine-1", None])
async def test_a_handshake_that_is_none_is_refused_with_an_id(given: str | None) -> None:
    head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    async with serving(APP) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((head + (f"X-Request-Id: {given}\r\n" if given else "") + "\r\n").encode())
        answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 400 ")
    (answered,) = [line[14:] for line in answer.splitlines() if line.lower().startswith("x-request-id: ")]
    assert answered == given if given else len(answered) == 32
