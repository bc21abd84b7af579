"""Frames take the channel and arrive whole, in order and before the end; neither side runs far ahead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deployments.frame_channel import proxy as proxy_end
from deployments.frame_channel.gateway import ChannelledFrames
from deployments.frame_channel.proxy import FrameChannelMiddleware
from deployments.frame_channel.wire import MAX_BUFFERED_BYTES, SCOPE_KEY, ChannelAddress, unix_socket
from tests.deployments.frame_channel.serve_like_proxy import ServeLikeProxy, served

FRAMES = {"websocket.receive", "websocket.send"}
CHUNK = bytes(MAX_BUFFERED_BYTES)
BOUND = 512 * MAX_BUFFERED_BYTES
"""32 MiB: more than all buffers between a client and the gateway, those of the kernel included."""
Handler = Callable[[WebSocket], Awaitable[None]]


def application(handle: Handler) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        await handle(websocket)

    return app


@asynccontextmanager
async def conversation(handle: Handler) -> AsyncIterator[tuple[ClientConnection, ServeLikeProxy]]:
    """A client of an application behind both ends of channels."""
    serve = ServeLikeProxy(ChannelledFrames(application(handle)))
    async with (
        served(FrameChannelMiddleware(serve)) as url,
        connect(url, max_size=None, compression=None) as client,
    ):
        yield client, serve


async def echo(websocket: WebSocket) -> None:
    while (message := await websocket.receive())["type"] == "websocket.receive":
        await websocket.send({**message, "type": "websocket.send"})


frames = st.text() | st.binary() | st.integers(0, 3 * MAX_BUFFERED_BYTES).map(bytes)


@settings(max_examples=10, deadline=None)
@given(st.lists(frames, max_size=8))
def test_frames_of_any_kind_and_size_come_back_in_order_and_none_goes_through_serve(
    sent: list[str | bytes],
) -> None:
    async def run() -> None:
        async with conversation(echo) as (client, serve):
            sending = asyncio.create_task(send_all(client, sent))
            assert [await client.recv() for _ in sent] == sent
            await sending
        assert not FRAMES & set(serve.passed)

    asyncio.run(run())


async def send_all(client: ClientConnection, sent: list[str | bytes]) -> None:
    for frame in sent:
        await client.send(frame)


async def test_the_close_code_comes_behind_the_last_frame_while_the_client_goes_on_sending() -> None:
    async def refuse(websocket: WebSocket) -> None:
        await websocket.receive()
        await websocket.send_bytes(CHUNK)
        await websocket.send_text("sorry")
        await websocket.close(4_001, "enough")

    async with conversation(refuse) as (client, _):
        with suppress(ConnectionClosed):
            await send_all(client, [CHUNK] * 200)
        assert [len(await client.recv()), await client.recv()] == [len(CHUNK), "sorry"]
        with pytest.raises(ConnectionClosed, match=r"4001.*enough"):
            await client.recv()


async def test_the_application_gets_all_frames_before_it_hears_that_the_client_has_gone() -> None:
    got: list[int] = []
    gone = asyncio.get_running_loop().create_future()

    async def count(websocket: WebSocket) -> None:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            got.append(len(message["bytes"]))
        gone.set_result(message["code"])

    async with conversation(count) as (client, _):
        await send_all(client, [CHUNK] * 20)
        await client.close(4_002)
        assert await gone == 4_002
    assert got == [len(CHUNK)] * 20


async def test_a_client_is_read_no_faster_than_the_application_reads() -> None:
    reading = asyncio.Event()

    async def read_late(websocket: WebSocket) -> None:
        await reading.wait()
        await echo(websocket)

    async with conversation(read_late) as (client, _):
        accepted = await until_stuck(client.send)
        assert 0 < accepted < BOUND
        reading.set()
        assert len(await client.recv()) == len(CHUNK)
        client.transport.abort()


async def test_the_application_waits_for_a_client_that_reads_nothing_and_hears_when_it_goes() -> None:
    accepted, failed = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def flood(websocket: WebSocket) -> None:
        accepted.set_result(await until_stuck(websocket.send_bytes))
        with pytest.raises(WebSocketDisconnect):
            while True:
                await websocket.send_bytes(CHUNK)
        failed.set()

    async with conversation(flood) as (client, _):
        client.transport.pause_reading()
        assert 0 < await accepted < BOUND
        client.transport.abort()
        await failed.wait()


async def until_stuck(send: Callable[[bytes], Awaitable[None]]) -> int:
    """Send chunks until one is not taken, or ``BOUND`` has been; returns the bytes that were taken."""
    taken = 0
    with suppress(TimeoutError):
        while taken < BOUND:
            async with asyncio.timeout(0.3):
                await send(CHUNK)
            taken += len(CHUNK)
    return taken


async def test_a_close_does_not_wait_for_ever_for_a_client_that_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxy_end, "LAST_FRAMES_S", 0.1)
    ended = asyncio.Event()

    async def flood(websocket: WebSocket) -> None:
        await until_stuck(websocket.send_bytes)
        await websocket.close(1_008)

    async def replica(scope: Scope, receive: Receive, send: Send) -> None:
        await ChannelledFrames(application(flood))(scope, receive, send)
        ended.set()

    async with (
        served(FrameChannelMiddleware(ServeLikeProxy(replica))) as url,
        connect(url, max_size=None, compression=None) as client,
    ):
        client.transport.pause_reading()
        await ended.wait()
        client.transport.abort()


async def test_a_read_that_is_cancelled_inside_of_a_frame_loses_nothing() -> None:
    async def read_impatiently(websocket: WebSocket) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await websocket.send_text(str(len(message["bytes"])))
            await asyncio.sleep(0)

    async with conversation(read_impatiently) as (client, _):
        sizes = [3 * MAX_BUFFERED_BYTES, 1, 0, MAX_BUFFERED_BYTES]
        await send_all(client, [bytes(size) for size in sizes])
        assert [await client.recv() for _ in sizes] == [str(size) for size in sizes]


async def test_a_server_that_closes_by_itself_ends_the_application() -> None:
    ended = asyncio.Event()

    async def speak(websocket: WebSocket) -> None:
        with pytest.raises(WebSocketDisconnect):
            while True:
                await websocket.send_text("word")
                await asyncio.sleep(0.01)
        ended.set()

    async def closing_server(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_one(message: Message) -> None:
            if message["type"] == "websocket.send":
                raise RuntimeError("the server has closed the socket after a ping without a pong")
            await send(message)

        serve = ServeLikeProxy(ChannelledFrames(application(speak)))
        await FrameChannelMiddleware(serve)(scope, receive, send_one)

    async with served(closing_server) as url, connect(url):
        await ended.wait()


@dataclass
class Elsewhere:
    """What a replica finds in the scope that cannot reach the proxy's channels."""

    address: object

    async def frames_go_through_serve(self) -> bool:
        serve = ServeLikeProxy(ChannelledFrames(application(echo)))
        serve.scope_changes = {SCOPE_KEY: self.address}
        async with served(FrameChannelMiddleware(serve)) as url, connect(url) as client:
            await client.send("hello")
            assert await client.recv() == "hello"
        return set(serve.passed) >= FRAMES


@pytest.mark.parametrize("address", [None, ChannelAddress("sokuji-frames-of-another-machine", "00")])
async def test_frames_go_through_serve_where_there_is_no_channel(address: ChannelAddress | None) -> None:
    assert await Elsewhere(address).frames_go_through_serve()


async def test_who_does_not_know_the_key_gets_no_channel() -> None:
    found: list[ChannelAddress] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope[SCOPE_KEY])
        await application(echo)(scope, receive, send)

    async with served(FrameChannelMiddleware(ServeLikeProxy(look))) as url, connect(url):
        for key in ("0" * len(found[0].key), "short", "\udcff" * 40):
            with unix_socket() as intruder:
                loop = asyncio.get_running_loop()
                await loop.sock_connect(intruder, found[0].socket_address)
                await loop.sock_sendall(intruder, key.encode(errors="surrogateescape"))
                intruder.shutdown(1)
                with suppress(ConnectionResetError):
                    assert await loop.sock_recv(intruder, 1) == b""
