"""A client of the translation door on an ASGI socket, and a service to connect it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.types import Message

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.api.openai.translations.events import Event, check
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline

PATH = "/v1/realtime/translations"


class TranslationClient:
    """Sends events, and validates what comes back.

    Args:
        extensions: fields and events beside OpenAI's that it has asked for.
    """

    def __init__(self, app: FastAPI, scope: dict[str, Any], extensions: tuple[str, ...]) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._extensions = extensions
        self._sent.put_nowait({"type": "websocket.connect"})
        self.events: list[Event] = []
        """All that have come."""
        self.close_code: int | None = None
        self.serving = asyncio.create_task(app(scope, self._sent.get, self._messages.put))

    def send(self, event: Event | str) -> None:
        """Send an event, or a text frame that is none."""
        text = event if isinstance(event, str) else json.dumps(event)
        self._sent.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, frame: bytes) -> None:
        """Send a binary frame."""
        self._sent.put_nowait({"type": "websocket.receive", "bytes": frame})

    def send_all(self, events: Iterable[Event]) -> None:
        """Send events."""
        for event in events:
            self.send(event)

    def update(self, audio: Event | None = None, event_id: str | None = None, **fields: Any) -> None:
        """Send ``session.update``."""
        session = fields if audio is None else {"audio": audio, **fields}
        named = {} if event_id is None else {"event_id": event_id}
        self.send({"type": "session.update", "session": session, **named})

    def finish(self) -> None:
        """Send ``session.close``."""
        self.send({"type": "session.close"})

    def leave(self) -> None:
        """Go without a word."""
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def next(self) -> Event | None:
        """The next event; None: the service has closed."""
        while True:
            message = await asyncio.wait_for(self._messages.get(), 10)
            if message["type"] == "websocket.close":
                self.close_code = message["code"]
                return None
            if "text" in message:
                message["text"].encode()  # as a server does, to whom lone surrogates are an error
                self.events.append(check(json.loads(message["text"]), *self._extensions))
                return self.events[-1]

    async def until(self, kind: str) -> Event:
        """The next event of a type."""
        while (event := await self.next()) is not None:
            if event["type"] == kind:
                return event
        raise AssertionError(f"closed with {self.close_code} before {kind}: {self.events}")

    async def until_closed(self) -> int:
        """Receive the rest; the close code."""
        while await self.next() is not None:
            pass
        await asyncio.wait_for(self.serving, 10)
        assert self.close_code is not None
        return self.close_code

    async def error(self) -> Event:
        """The detail of the next error."""
        detail: Event = (await self.until("error"))["error"]
        return detail


class TranslationService:
    """A service over fake stages, and its clients."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.clients: list[TranslationClient] = []
        self._app = build_app(service)

    def connect(
        self, *extensions: str, subprotocols: Iterable[str] = (), key: str | None = None, **query: Any
    ) -> TranslationClient:
        """A client that has connected; ``query`` is that of its URL."""
        headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
        scope = {
            "type": "websocket",
            "client": ("127.0.0.1", 5),
            "path": PATH,
            "headers": headers,
            "query_string": urlencode({"model": "gpt-realtime-translate", **query}).encode(),
            "subprotocols": list(subprotocols),
        }
        self.clients.append(TranslationClient(self._app, scope, extensions))
        return self.clients[-1]


@asynccontextmanager
async def translation_service(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    settings: GatewaySettings | None = None,
) -> AsyncIterator[TranslationService]:
    """A service all of whose connections must have come to an end by themselves."""
    service = Service(await ready_pipeline(stt, translator, tts), settings or GatewaySettings())
    connected = TranslationService(service)
    yield connected
    await asyncio.wait_for(asyncio.gather(*(client.serving for client in connected.clients)), 10)
    assert len(service.sessions) == 0
