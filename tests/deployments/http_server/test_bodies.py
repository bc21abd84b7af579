"""Bodies wait at the client, not in Serve's queues, and arrive whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.http_server.bodies import TAKEN, WINDOW_BYTES, ReportedBodies
from tests.deployments.frame_channel.serve_like_proxy import ServeLikeProxy
from tests.deployments.http_server.serve_server import serving, uvicorn_as_it_was

__all__ = ["uvicorn_as_it_was"]

READ_BYTES = 2**19
"""More than the server reads at once."""
BODY = bytes(range(256)) * (2**25 // 256)


class Replica:
    """An application that reads bodies once it may, and answers with their length and sum."""

    def __init__(self) -> None:
        self.may_read = asyncio.Event()
        self.waiting_bytes = 0
        """In the queues between the proxy and it."""

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.may_read.wait()
        request = Request(scope, receive)
        body = b"".join([chunk async for chunk in request.stream()])
        await PlainTextResponse(str(body == BODY[: len(body)] and len(body)))(scope, receive, send)

    def counted(self, app: ASGIApp) -> ASGIApp:
        """Serve's proxy and its replica, with what waits between them counted."""

        async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
            async def handed_over() -> Message:
                message = await receive()
                self.waiting_bytes += len(message.get("body", b""))
                return message

            await app(scope, handed_over, send)

        return proxied


@asynccontextmanager
async def upload(
    replica: Replica, size: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.Task[None]]]:
    """A client that sends a body as fast as it can; the task ends when all of it has been sent."""
    app = replica.counted(ServeLikeProxy(ReportedBodies(replica.answer)))
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def send() -> None:
            head = f"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
            writer.write(head.encode())
            for start in range(0, size, READ_BYTES):
                writer.write(BODY[start : min(size, start + READ_BYTES)])
                await writer.drain()

        sending = asyncio.create_task(send())
        try:
            yield reader, sending
        finally:
            sending.cancel()
            writer.transport.abort()


async def until_it_stands_still(replica: Replica) -> int:
    """What waits in the queues when no more comes."""
    last = -1
    while replica.waiting_bytes != last or not last:
        last = replica.waiting_bytes
        await asyncio.sleep(0.5)
    return last


async def test_a_body_that_nobody_reads_stays_with_its_client_and_is_whole_later() -> None:
    replica = Replica()
    async with asyncio.timeout(60), upload(replica, len(BODY)) as (reader, sending):
        assert WINDOW_BYTES <= await until_it_stands_still(replica) < WINDOW_BYTES + READ_BYTES
        assert not sending.done()
        replica.may_read.set()
        assert (await reader.read()).endswith(str(len(BODY)).encode())


@pytest.mark.parametrize("size", [0, 1, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 5 * WINDOW_BYTES])
async def test_bodies_of_any_size_are_whole(size: int) -> None:
    replica = Replica()
    replica.may_read.set()
    async with asyncio.timeout(60), upload(replica, size) as (reader, _):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(f"\r\n\r\n{size}".encode())


async def test_reports_are_no_part_of_the_response_and_small_bodies_need_none() -> None:
    replica = Replica()
    replica.may_read.set()
    proxy = ServeLikeProxy(ReportedBodies(replica.answer))
    async with serving(proxy) as port:
        for size, reported in ((WINDOW_BYTES // 4, False), (4 * WINDOW_BYTES, True)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                f"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode()
            )
            writer.write(BODY[:size])
            assert (await reader.read()).endswith(str(size).encode())
            writer.close()
            assert (TAKEN in proxy.passed) is reported
