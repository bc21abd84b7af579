"""A plain WebSocket client that keeps every frame it receives."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

FRAME_MS = 80
Frame = dict[str, Any]


class Client:
    """One socket. ``frames`` holds all frames received, binary ones as ``{"type": "binary", "pcm": ...}``."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self._received = asyncio.Condition()

    async def gather(self) -> None:
        """Read until the socket closes."""
        try:
            async for message in self.connection:
                frame = (
                    {"type": "binary", "pcm": message} if isinstance(message, bytes) else json.loads(message)
                )
                self.frames.append(frame)
                async with self._received:
                    self._received.notify_all()
        except websockets.ConnectionClosedError:
            pass
        async with self._received:
            self._received.notify_all()

    async def say(self, **message: Any) -> None:
        """Send a JSON frame."""
        await self.connection.send(json.dumps(message))

    async def speak(self, pcm: bytes, *, sample_rate: int = 16_000, speed: float = 0) -> None:
        """Send audio in binary frames; ``speed`` 1 is real time, 0 as fast as possible."""
        size = 2 * sample_rate * FRAME_MS // 1_000
        for start in range(0, len(pcm), size):
            await self.connection.send(pcm[start : start + size])
            # At speed 0 too: ``send`` alone may not yield to the reader.
            await asyncio.sleep(FRAME_MS / 1_000 / speed if speed else 0)

    async def until(self, kind: str, count: int = 1, timeout_s: float = 60) -> Frame:
        """Wait for the ``count``-th frame of a type; fail if the socket closes first."""
        async with asyncio.timeout(timeout_s), self._received:
            await self._received.wait_for(lambda: len(self.of(kind)) >= count or self.connection.close_code)
        found = self.of(kind)
        assert len(found) >= count, f"closed with {self.connection.close_code} before {kind}: {self.frames}"
        return found[count - 1]

    async def closed(self, timeout_s: float = 30) -> int:
        """Wait until the server has closed; the close code."""
        async with asyncio.timeout(timeout_s):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code

    def of(self, kind: str) -> list[Frame]:
        """The frames of a type so far."""
        return [frame for frame in self.frames if frame["type"] == kind]


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Client]:
    """A connected client."""
    async with websockets.connect(url, max_size=None) as connection:
        client = Client(connection)
        gathering = asyncio.create_task(client.gather())
        try:
            yield client
        finally:
            await connection.close()
            await gathering


async def translate(
    url: str, pcm: bytes, timeout_s: float = 120, speed: float = 0, **config: Any
) -> list[Frame]:
    """All frames of a conversation over one recording."""
    async with connect(url) as client:
        await client.say(type="config", **config)
        await client.speak(pcm, speed=speed)
        await client.say(type="end")
        await client.until("done", timeout_s=timeout_s)
        assert await client.closed() == 1000
        return client.frames
