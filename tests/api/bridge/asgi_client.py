"""A client of the bridge WebSocket on an ASGI socket of its own, and a service to connect it to."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message
from starlette.websockets import WebSocket

from sokuji.api.bridge.websocket import translate
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.clients import anonymous
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline

SECOND = bytes(32_000)


class AsgiClient:
    """A client on an ASGI WebSocket of its own."""

    def __init__(self, max_unread: int = 0) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.received: asyncio.Queue[Message] = asyncio.Queue(max_unread)
        self.sent.put_nowait({"type": "websocket.connect"})

    @property
    def socket(self) -> WebSocket:
        scope = {"type": "websocket", "client": ("127.0.0.1", 5), "path": "/", "headers": []}
        return WebSocket(scope, self.sent.get, self.received.put)

    def send(self, **message: Any) -> None:
        self.sent.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def configure(self, **fields: Any) -> None:
        self.send(type="config", target_language="en", **fields)

    def speak(self, pcm: bytes = SECOND, *, encoded: bool = False) -> None:
        """Send audio in a binary frame, or as base64 in a text frame."""
        if encoded:
            self.send(type="audio", data=base64.b64encode(pcm).decode())
        else:
            self.sent.put_nowait({"type": "websocket.receive", "bytes": pcm})

    def leave(self) -> None:
        self.sent.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a kind; ``close`` has the code."""
        while (frame := await self.next_frame())["type"] != kind:
            assert frame["type"] != "close", frame
        return frame

    async def next_frame(self) -> dict[str, Any]:
        """The next frame of JSON; the close frame is one of the type ``close``."""
        while True:
            message = await asyncio.wait_for(self.received.get(), 10)
            if message["type"] == "websocket.close":
                return {"type": "close", "code": message["code"], "reason": message["reason"]}
            if "text" in message:
                frame: dict[str, Any] = json.loads(message["text"])
                return frame


class ConnectedService:
    """A service, and the connections to it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.serving: list[asyncio.Task[None]] = []

    def connect(self, max_unread: int = 0) -> AsgiClient:
        client = AsgiClient(max_unread)
        self.serving.append(asyncio.create_task(translate(client.socket, self.service, anonymous())))
        return client


@asynccontextmanager
async def connected_service(
    settings: GatewaySettings | None = None, tts: FakeTts | None = None, stt: FakeStt | None = None
) -> AsyncIterator[ConnectedService]:
    """ConnectedService whose connections must all have come to an end by themselves."""
    service = Service(await ready_pipeline(stt, tts=tts), settings or GatewaySettings())
    connected = ConnectedService(service)
    yield connected
    await asyncio.wait_for(asyncio.gather(*connected.serving), 10)
    assert len(service.sessions) == 0


async def finish(client: AsgiClient) -> None:
    client.send(type="end")
    await client.until("done")
    assert (await client.until("close"))["code"] == 1000
