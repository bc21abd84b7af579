"""A WebSocket of an ASGI application, without a network: no client's library logs what passes."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.types import Message


class AsgiSocket:
    """Connects to ``path`` at once.

    Args:
        path: without a query.
        query: of the URL, encoded.
        max_unread: messages of the service that may wait for this client; 0: any number.
    """

    def __init__(
        self,
        app: FastAPI,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        max_unread: int = 0,
    ) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._received: asyncio.Queue[Message] = asyncio.Queue(max_unread)
        scope = {
            "type": "websocket",
            "client": ("127.0.0.1", 5),
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._sent.put_nowait({"type": "websocket.connect"})
        self._serving = asyncio.create_task(app(scope, self._sent.get, self._received.put))

    async def answer(self) -> tuple[str, dict[str, str]]:
        """Type and headers of the message that answers the handshake."""
        message = await asyncio.wait_for(self._received.get(), 10)
        headers = [(name.decode(), value.decode()) for name, value in message.get("headers", ())]
        assert len(dict(headers)) == len(headers), headers
        return message["type"], dict(headers)

    def send(self, frame: Mapping[str, Any] | bytes) -> None:
        """Send JSON in a text frame, or a binary frame."""
        content = {"bytes": frame} if isinstance(frame, bytes) else {"text": json.dumps(frame)}
        self._sent.put_nowait({"type": "websocket.receive", **content})

    async def until(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these types."""
        passed: list[dict[str, Any]] = []
        while True:
            message = await asyncio.wait_for(self._received.get(), 20)
            assert message["type"] != "websocket.close", (kinds, message, passed[:2], passed[-1:])
            if "text" in message:
                passed.append(json.loads(message["text"]))
                if passed[-1]["type"] in kinds:
                    return passed[-1]

    async def rest(self) -> tuple[list[dict[str, Any]], int]:
        """All frames up to the close, and its code; a binary frame is ``{"type": "binary", "pcm": ...}``."""
        frames: list[dict[str, Any]] = []
        while True:
            message = await asyncio.wait_for(self._received.get(), 20)
            if message["type"] == "websocket.close":
                await asyncio.wait_for(self._serving, 20)
                return frames, message["code"]
            if "text" in message:
                frames.append(json.loads(message["text"]))
            elif "bytes" in message:
                frames.append({"type": "binary", "pcm": message["bytes"]})

    async def leave(self) -> None:
        """Go, and wait until the service has noticed."""
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self._serving, 20)
