"""A raw client of ``/v1/realtime`` that validates every event it receives, and keeps it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.typing import Subprotocol

from tests.support.api_server import serve_api
from tests.support.openai_types import check_beta_event, check_ga_event

JSONObject = dict[str, Any]


class RealtimeClient:
    """One socket; ``events`` has everything received."""

    def __init__(self, connection: websockets.ClientConnection, check: Callable[[JSONObject], None]) -> None:
        self.connection = connection
        self.events: list[JSONObject] = []
        self._check = check
        self._received = asyncio.Condition()

    def expects_beta_from(self, kind: str) -> None:
        """Validate the events before the first of a type as those of GA."""
        beta = self._check

        def check(event: JSONObject) -> None:
            if event["type"] == kind:
                self._check = beta
            (beta if event["type"] == kind else check_ga_event)(event)

        self._check = check

    async def gather(self) -> None:
        """Read until the socket closes."""
        try:
            async for message in self.connection:
                event = json.loads(message)
                self._check(event)
                self.events.append(event)
                async with self._received:
                    self._received.notify_all()
        except websockets.ConnectionClosedError:
            pass
        finally:
            async with self._received:
                self._received.notify_all()

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def append(self, audio: bytes, chunk: int = 4_800) -> None:
        """Send audio in pieces."""
        for start in range(0, len(audio), chunk):
            encoded = base64.b64encode(audio[start : start + chunk]).decode()
            await self.send("input_audio_buffer.append", audio=encoded)

    async def until(self, kind: str, count: int = 1) -> JSONObject:
        """The ``count``-th event of a type."""
        async with asyncio.timeout(30), self._received:
            await self._received.wait_for(
                lambda: len(self.of(kind)) >= count or self.connection.close_code is not None
            )
        found = self.of(kind)
        assert len(found) >= count, (kind, self.kinds, self.of("error"), self.connection.close_code)
        return found[count - 1]

    def of(self, kind: str) -> list[JSONObject]:
        """The events of a type so far."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        """The types of all events so far."""
        return [event["type"] for event in self.events]

    async def closed(self) -> int:
        """Wait until the server has closed; the close code."""
        async with asyncio.timeout(30):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def connect(
    url: str,
    query: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
    beta: bool = False,
) -> AsyncIterator[RealtimeClient]:
    """A client that is connected to the service at ``url``."""
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime{query}"
    offered = [Subprotocol(name) for name in subprotocols] or None
    async with websockets.connect(
        address, max_size=None, additional_headers=headers, subprotocols=offered
    ) as connection:
        client = RealtimeClient(connection, check_beta_event if beta else check_ga_event)
        gathering = asyncio.create_task(client.gather())
        try:
            yield client
        finally:
            await connection.close()
            await gathering


@asynccontextmanager
async def serving(**stages: Any) -> AsyncIterator[str]:
    """The URL of a service of the test's own; see ``serve_api``."""
    service = serve_api(**stages)
    url = await asyncio.to_thread(service.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)
