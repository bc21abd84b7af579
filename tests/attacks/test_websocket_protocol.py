"""Violations of RFC 6455, section by section, against the server of Serve's proxy.

Each closes its own socket, with the code that the RFC names; a conversation on another socket goes on. The
cases are those of the Autobahn test suite by kind: framing (1, 3, 4), pings (2), reserved bits and opcodes,
fragmentation (5), UTF-8 (6), close handling (7), sizes (9) and opening handshakes.
"""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from tests.deployments.http_server.serve_server import serving, uvicorn_as_it_was

__all__ = ["uvicorn_as_it_was"]

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
FIN = 0x80
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    "Host": "localhost",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while (message := await socket.receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await socket.send_text(message["text"])
        else:
            await socket.send_bytes(message["bytes"])


APP = Starlette(routes=[WebSocketRoute("/", echo)])


def frame(opcode: int, payload: bytes = b"", *, first: int = FIN, masked: bool = True) -> bytes:
    """One frame (RFC 6455, section 5.2); ``first`` has FIN and the reserved bits."""
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        length = struct.pack("!B", mask_bit | len(payload))
    elif len(payload) < 2**16:
        length = struct.pack("!BH", mask_bit | 126, len(payload))
    else:
        length = struct.pack("!BQ", mask_bit | 127, len(payload))
    head = bytes([first | opcode]) + length
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = mask * (len(payload) // 4 + 1)
    return head + mask + bytes(a ^ b for a, b in zip(payload, repeated, strict=False))


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def head(fields: dict[str, str], request: str = "GET / HTTP/1.1") -> bytes:
    lines = [request, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


class RawSocket:
    """A client that sends bytes, and reads the server's frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def status(self) -> int:
        """The status of the answer to the handshake."""
        answer = await self._reader.readuntil(b"\r\n\r\n")
        return int(answer.split()[1])

    async def next_frame(self) -> tuple[int, bytes]:
        """Opcode and payload; the server's frames here are short."""
        first, length = await self._reader.readexactly(2)
        return first & 0x0F, await self._reader.readexactly(length)

    async def close_code(self) -> int:
        """The code with which the server closes; 1006: it ends the connection without a frame."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                opcode, payload = await self.next_frame()
                if opcode == CLOSE:
                    return int(struct.unpack("!H", payload[:2])[0]) if payload else 1005
        return 1006


@asynccontextmanager
async def raw_socket(port: int, handshake: bytes = head(HANDSHAKE)) -> AsyncIterator[RawSocket]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(handshake)
    try:
        async with asyncio.timeout(20):
            yield RawSocket(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def attacked() -> AsyncIterator[RawSocket]:
    """A socket to attack, beside one that must not notice."""
    async with serving(APP) as port, connect(f"ws://127.0.0.1:{port}/") as beside:
        async with raw_socket(port) as socket:
            assert await socket.status() == 101
            yield socket
        await beside.send("still there")
        assert await beside.recv() == "still there"


INVALID_UTF8 = b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited"
VIOLATIONS = {
    "5.1 a frame without a mask": (frame(TEXT, b"a", masked=False), 1002),
    **{
        f"5.2 reserved bit {bit:#x}": (frame(TEXT, b"a", first=FIN | bit), 1002)
        for bit in (0x40, 0x20, 0x10, 0x70)
    },
    **{
        f"5.2 reserved opcode {each}": (frame(each, b"a"), 1002)
        for each in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "5.2 a length above 2^63": (bytes([FIN | BINARY, 0xFF]) + b"\xff" * 12, {1002, 1009}),
    "5.4 a continuation of nothing": (frame(CONT, b"a"), 1002),
    "5.4 a message within another": (frame(TEXT, b"a", first=0) + frame(TEXT, b"b"), 1002),
    "5.5 a ping in fragments": (frame(PING, b"a", first=0), 1002),
    "5.5 a ping of 126 bytes": (frame(PING, bytes(126)), 1002),
    "5.5 a close frame of 126 bytes": (frame(CLOSE, struct.pack("!H", 1000) + b"a" * 124), 1002),
    "5.5.1 a close frame of one byte": (frame(CLOSE, b"\x03"), 1002),
    **{
        f"7.4 close code {code}": (close(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    "8.1 text that is not UTF-8": (frame(TEXT, INVALID_UTF8), 1007),
    "8.1 text whose fragments are not UTF-8": (
        frame(TEXT, INVALID_UTF8[:5], first=0) + frame(CONT, INVALID_UTF8[5:]),
        1007,
    ),
    "8.1 a reason that is not UTF-8": (close(1000, b"\xff"), {1002, 1007}),
    "10.4 a message that is too large": (
        frame(BINARY, first=FIN)[:1] + struct.pack("!BQ", 0xFF, 2**25),
        1009,
    ),
    "random bytes": (b"\xff\xfe" * 64, 1002),
}


@pytest.mark.parametrize("violation", VIOLATIONS)
async def test_a_violation_closes_its_own_socket(violation: str) -> None:
    data, code = VIOLATIONS[violation]
    async with attacked() as socket:
        socket.send(data)
        accepted = code if isinstance(code, set) else {code}
        assert await socket.close_code() in accepted


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
async def test_a_close_frame_is_answered_with_its_code(code: int) -> None:
    async with attacked() as socket:
        socket.send(close(code, "bye \u00e9".encode()) + frame(TEXT, b"too late"))
        assert await socket.close_code() == code


async def test_control_frames_within_a_message_are_answered_and_the_message_is_whole() -> None:
    async with attacked() as socket:
        socket.send(
            frame(TEXT, "h\u00e9".encode()[:2], first=0) + frame(PING, b"1") + frame(PONG, b"unasked")
        )
        socket.send(frame(CONT, "h\u00e9".encode()[2:], first=0) + frame(PING) + frame(CONT, b"!"))
        assert [await socket.next_frame() for _ in range(3)] == [
            (PONG, b"1"),
            (PONG, b""),
            (TEXT, "h\u00e9!".encode()),
        ]


async def test_bytes_that_come_one_by_one_are_a_message() -> None:
    async with attacked() as socket:
        for byte in frame(BINARY, bytes(range(100))):
            socket.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await socket.next_frame() == (BINARY, bytes(range(100)))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Sec-WebSocket-Version": "12"}, 400),
        ({"Sec-WebSocket-Version": ""}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": ""}, 400),
    ],
)
async def test_a_handshake_that_is_wrong_is_refused(change: dict[str, str], status: int) -> None:
    fields = {name: value for name, value in (HANDSHAKE | change).items() if value}
    async with serving(APP) as port, raw_socket(port, head(fields)) as socket:
        assert await socket.status() == status


@pytest.mark.parametrize("request_line", ["POST / HTTP/1.1", "DELETE / HTTP/1.1", "get / http/1.1"])
async def test_a_handshake_by_another_method_is_no_handshake(request_line: str) -> None:
    async with serving(APP) as port, raw_socket(port, head(HANDSHAKE, request_line)) as socket:
        assert 400 <= await socket.status() < 500
