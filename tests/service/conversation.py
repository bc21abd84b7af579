"""A plain WebSocket client for tests: it sends what it is told and keeps all that comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

FRAME_MS = 80
Frame = dict[str, Any]


class Client:
    """One socket; ``frames`` holds what came so far, binary frames as ``{"type": "binary", "pcm": ...}``."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self._news = asyncio.Condition()

    async def gather(self) -> None:
        """Read until the socket closes."""
        try:
            async for message in self.connection:
                frame = (
                    {"type": "binary", "pcm": message} if isinstance(message, bytes) else json.loads(message)
                )
                self.frames.append(frame)
                async with self._news:
                    self._news.notify_all()
        except websockets.ConnectionClosedError:
            pass
        async with self._news:
            self._news.notify_all()

    async def say(self, **message: Any) -> None:
        """Send a JSON frame."""
        await self.connection.send(json.dumps(message))

    async def speak(self, pcm: bytes, *, sample_rate: int = 16_000, speed: float = 0) -> None:
        """Send audio in binary frames; ``speed`` 1 is the pace of speech, 0 as fast as it goes."""
        size = 2 * sample_rate * FRAME_MS // 1_000
        for start in range(0, len(pcm), size):
            await self.connection.send(pcm[start : start + size])
            # Also when in a hurry: ``send`` alone need not give way to the reader.
            await asyncio.sleep(FRAME_MS / 1_000 / speed if speed else 0)

    async def until(self, kind: str, count: int = 1, timeout_s: float = 60) -> Frame:
        """Wait for the ``count``-th frame of a kind; a socket that closes first is a failure."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: len(self.of(kind)) >= count or self.connection.close_code)
        found = self.of(kind)
        assert len(found) >= count, f"closed with {self.connection.close_code} before {kind}: {self.frames}"
        return found[count - 1]

    async def closed(self, timeout_s: float = 30) -> int:
        """The close code, once the server has closed."""
        async with asyncio.timeout(timeout_s):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code

    def of(self, kind: str) -> list[Frame]:
        """The frames of a kind so far."""
        return [frame for frame in self.frames if frame["type"] == kind]


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Client]:
    """A connected client that gathers all frames."""
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
    """All frames of one conversation over one recording."""
    async with connect(url) as client:
        await client.say(type="config", **config)
        await client.speak(pcm, speed=speed)
        await client.say(type="end")
        await client.until("done", timeout_s=timeout_s)
        assert await client.closed() == 1000
        return client.frames
