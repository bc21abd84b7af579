"""A small HTTP/1.1 server on a loopback socket, for tests of providers that call a service.

A service's file supplies a handler that checks a request as the real service does and answers it:

    async def handle(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return reply({"error": {"message": "Incorrect API key"}}, 401)
        return reply({"text": "Hello."})

    async with serve(handle) as server:
        provider = Thing(ThingConfig(base_url=server.url, timeout_s=0.2))
        server.fail(status(429, {"Retry-After": "7"}))  # the next request only; faults.py has more
        ...
        assert server.requests[-1].json() == {"text": "Hello."}

Faults happen to real bytes and real connections, which is why no server library stands here: those repair
what must be broken. What goes wrong inside a handler fails the test when the server ends.
"""

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "k3y-that-nobody-may-see"
"""What tests put in the environment as the key of a service, and look for in logs and errors."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a client has sent; ``closed`` is set once it has ended the connection before the whole answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def json(self) -> Any:
        """The body, which must be JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: bytes go with a Content-Length; a list or an iterator goes piece by piece, chunked."""

    body: bytes | list[bytes] | AsyncIterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(
        json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})}
    )


def events(*values: Any, done: bool = True) -> Response:
    """Server-sent events, one piece each: JSON, and after them OpenAI's ``[DONE]``."""
    pieces = [f"data: {json.dumps(value)}\n\n".encode() for value in values]
    return Response(
        [*pieces, b"data: [DONE]\n\n"] if done else pieces, 200, {"Content-Type": "text/event-stream"}
    )


Handler = Callable[[Request], Awaitable[Response]]


class Exchange:
    """A request and the wire on which it is answered; what a fault is given."""

    def __init__(self, request: Request, handler: Handler, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.sent = False
        """Whether a whole answer has gone out; without one the connection is closed."""
        self._handler, self._writer = handler, writer

    async def answer(self) -> Response:
        """What the service would say."""
        return await self._handler(self.request)

    async def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, response: Response) -> None:
        """Status and headers; a body of a known length announces it."""
        framing = {"Transfer-Encoding": "chunked"}
        if isinstance(response.body, bytes):
            framing = {"Content-Length": str(len(response.body))}
        headers = {**framing, **response.headers}
        lines = [
            f"HTTP/1.1 {response.status} Status",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def chunk(self, piece: bytes) -> None:
        """One piece of a chunked body."""
        await self.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def send(self, response: Response) -> None:
        """A whole answer."""
        await self.head(response)
        if isinstance(response.body, bytes):
            await self.write(response.body)
        else:
            async for piece in pieces(response.body):
                await self.chunk(piece)
            await self.write(b"0\r\n\r\n")
        self.sent = True

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        endpoint = self._writer.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Fault = Callable[[Exchange], Awaitable[None]]
"""Answers in the service's place."""


async def half_open(exchange: Exchange) -> None:
    """The fault of a server that takes the connection and is not seen again: nothing is read either."""
    raise AssertionError("is dealt with before the request is read")


async def pieces(body: list[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a body that goes out chunked."""
    if isinstance(body, list):
        for piece in body:
            yield piece
    else:
        async for piece in body:
            yield piece


class Server:
    """What a test sees of a running server."""

    def __init__(self, handler: Handler) -> None:
        self.url = ""
        self.requests: list[Request] = []
        """All that were read, in order."""
        self.most_at_once = 0
        """Requests that were under way at the same time, at most."""
        self.connections = 0
        self.failures: list[Exception] = []
        self._handler = handler
        self._faults: deque[Fault | None] = deque()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def fail(self, *faults: Fault | None) -> None:
        """How the next requests are answered, one after the other; None: as the service does."""
        self._faults.extend(faults)

    async def stop(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            # A client that leaves in any way has ended the connection, no more.
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        except asyncio.CancelledError:
            # Only ``stop`` cancels: asyncio would report a connection's task that ends so.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        while first:
            fault = self._faults.popleft() if self._faults else None
            if fault is half_open:
                await asyncio.Event().wait()
            request = await _read(first, reader)
            self.requests.append(request)
            exchange = Exchange(request, self._handler, writer)
            first = await self._answered(exchange, fault, reader)

    async def _answered(self, exchange: Exchange, fault: Fault | None, reader: asyncio.StreamReader) -> bytes:
        """The first byte of the next request, once this one is answered; empty: there will be none."""
        work = asyncio.create_task(self._respond(exchange, fault))
        # Nothing comes while the client waits for the answer, unless it ends the connection.
        following = asyncio.create_task(_next_byte(reader))
        try:
            await asyncio.wait((work, following), return_when=asyncio.FIRST_COMPLETED)
            if exchange.sent:
                return await following
            if following.done():
                exchange.request.closed.set()
            return b""
        finally:
            for task in (work, following):
                task.cancel()
            await asyncio.gather(work, following, return_exceptions=True)

    async def _respond(self, exchange: Exchange, fault: Fault | None) -> None:
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            await (fault(exchange) if fault else exchange.send(await exchange.answer()))
        except ConnectionError:
            # The client did not want the rest.
            exchange.request.closed.set()
        except Exception as error:
            self.failures.append(error)
        finally:
            self._under_way -= 1


async def _next_byte(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1)
    except ConnectionError:
        return b""


async def _read(first: bytes, reader: asyncio.StreamReader) -> Request:
    """One request; its body has a length or is chunked."""
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    wanted, *lines = head.rstrip().split("\r\n")
    method, target, _ = wanted.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, parts.path, query, headers, body)


@asynccontextmanager
async def serve(handler: Handler) -> AsyncIterator[Server]:
    """A server for as long as the block lasts, which raises what has failed inside its handler."""
    server = Server(handler)
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0)
    server.url = "http://127.0.0.1:{1}".format(*listening.sockets[0].getsockname())
    try:
        yield server
    finally:
        listening.close()
        await server.stop()
    for failure in server.failures:
        raise failure


async def nobody() -> str:
    """An address on loopback where nobody listens."""
    async with serve(lambda _: asyncio.sleep(0, Response())) as server:
        return server.url
