"""Attacks on a running service: each takes its host:port, and is over when it returns."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from sokuji.audio.pcm import wav_bytes
from tests.attacks.hostile_files import REFUSED
from tests.attacks.test_websocket_protocol import BINARY, CONT, HANDSHAKE, PING, frame, head

UPLOAD = "/api/v1/stt/transcribe"
PART = b'--b\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\n'
PIECE = bytes(2**18)
BODY_BYTES = 60 * 2**20
PATIENCE_S = 90
HELD_S = 5.0
"""For which connections are held that nothing ends before."""


@asynccontextmanager
async def connections(address: str, count: int) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """Connections whose answers nobody reads."""
    host, port = address.split(":")
    async with AsyncExitStack() as stack:
        writers = []
        for _ in range(count):
            _, writer = await asyncio.open_connection(host, int(port))
            stack.callback(lambda kept: kept.transport.abort(), writer)
            writers.append(writer)
        yield writers


async def send(writers: list[asyncio.StreamWriter], data: bytes, times: int = 1) -> None:
    """Send the same on all connections at once, as far as the service takes it within ``PATIENCE_S``."""

    async def send_on(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for _ in range(times):
                writer.write(data)
                await writer.drain()

    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S / 6):
            await asyncio.gather(*map(send_on, writers))


def upload_head(address: str) -> bytes:
    """Of a large upload."""
    lines = (
        f"POST {UPLOAD} HTTP/1.1", f"Host: {address}", f"Content-Length: {BODY_BYTES}",
        "Content-Type: multipart/form-data; boundary=b", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + PART


async def large_uploads(address: str) -> None:
    """As many at once as one address may have and more, as fast as the service reads."""
    async with connections(address, 16) as writers:
        await send(writers, upload_head(address))
        await send(writers, PIECE, BODY_BYTES // len(PIECE))


async def endless_header(address: str) -> None:
    """A header line of 64 MiB, on several connections."""
    async with connections(address, 8) as writers:
        await send(writers, b"GET / HTTP/1.1\r\nx-endless: ")
        await send(writers, PIECE, 2**26 // len(PIECE))


async def half_open_requests(address: str) -> None:
    """Requests that never end."""
    async with connections(address, 300) as writers:
        await send(writers, b"POST /api/v1/translation/translate HTTP/1.1\r\nHost: a")
        await asyncio.sleep(HELD_S)


async def silent_sockets(address: str) -> None:
    """WebSockets that never send a config."""
    async with connections(address, 100) as writers:
        await send(writers, handshake(address))
        await asyncio.sleep(HELD_S)


async def unfinished_messages(address: str) -> None:
    """Messages of which each socket sends 15 MiB and not the end."""
    async with connections(address, 40) as writers:
        await send(writers, handshake(address))
        await send(writers, frame(BINARY, PIECE, first=0))
        await send(writers, frame(CONT, PIECE, first=0), 59)


async def unread_pongs(address: str) -> None:
    """Pings whose answers nobody reads."""
    async with connections(address, 8) as writers:
        await send(writers, handshake(address))
        await send(writers, frame(PING, bytes(125)) * 500, 100)


async def inflated_messages(address: str) -> None:
    """Frames that say that they are compressed, as if the extension had been agreed upon."""
    async with connections(address, 20) as writers:
        await send(writers, handshake(address, {"Sec-WebSocket-Extensions": "permessage-deflate"}))
        await send(writers, bytes([0xC2, 0xFE]) + struct.pack("!H", 60_000) + bytes(60_004), 50)


async def hostile_files(address: str) -> None:
    """Files that claim more than they are."""
    names = ("many tracks", "tiny blocks", "hours of Opus", "endless chunks")
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE_S) as client:
        answers = [client.post(UPLOAD, files={"audio_file": REFUSED[name]()}) for name in names]
        assert {answer.status_code for answer in await asyncio.gather(*answers)} <= {400, 413, 422, 503}


async def long_texts(address: str) -> None:
    """Texts of many lines, and an upload beside them."""
    text = "".join(f"Linha {number}.\n" for number in range(400))
    body = {"text": text, "source_language": "pt", "target_language": "en"}
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE_S) as client:
        calls = [client.post("/api/v1/translation/translate", json=body) for _ in range(2)]
        upload = client.post(UPLOAD, files={"audio_file": wav_bytes(os.urandom(320_000), 16_000)})
        assert all(answer.status_code < 600 for answer in await asyncio.gather(*calls, upload))


def handshake(address: str, more: Mapping[str, str] | None = None) -> bytes:
    """Of the bridge's WebSocket."""
    fields = {**HANDSHAKE, "Host": address, **(more or {})}
    return head(fields, "GET /api/v1/ws/translate HTTP/1.1")


ATTACKS: tuple[Callable[[str], Awaitable[None]], ...] = (
    large_uploads,
    endless_header,
    half_open_requests,
    silent_sockets,
    unfinished_messages,
    unread_pongs,
    inflated_messages,
    hostile_files,
    long_texts,
)
