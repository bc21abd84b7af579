"""A server with one route, which takes calls for a door of these tests, on a loopback port in a thread.

The door translates from Portuguese to English. Its events are ``opened``, ``translated``, ``failed`` and
``done``; its clients send ``end`` and ``cancel``.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import uvicorn
from fastapi import FastAPI, Request

from sokuji import events
from sokuji.api import errors
from sokuji.api.app import PATHS
from sokuji.api.authentication import Authentication
from sokuji.api.client_socket import ClientSocket, FrameChannel
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.playback import CALL_RATE, Playback
from sokuji.api.service import Service
from sokuji.api.webrtc.call_request import read_call
from sokuji.api.webrtc.calls import CallResponse, new_call
from sokuji.config import GatewaySettings
from sokuji.errors import InvalidRequest, SokujiError
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session
from tests.support.fake_stages import FakeTts, ready_pipeline

CONVERSATION = ConversationSettings(
    source_language="pt",
    target_languages=("en",),
    input_sample_rate=CALL_RATE,
    output_sample_rate=CALL_RATE,
)


class Door:
    """See ``Transport``."""

    door = "answering"

    def __init__(self, service: Service, channel: FrameChannel, playback: Playback) -> None:
        self._service = service
        self._socket = ClientSocket(channel, service.settings.limits)
        self._playback = playback

    @property
    def open_timeout_s(self) -> float:
        return 10

    async def open_session(self) -> Session:
        session = self._service.new_session()
        session.configure(CONVERSATION)
        await self._socket.send({"type": "opened"})
        return session

    async def receive(self, session: Session) -> None:
        while True:
            await session.hold_back()
            handle = partial(self._pass_on, session)
            await self._socket.handle_frame(handle, session.report, may_be_idle=session.ended)

    async def discard(self) -> NoReturn:
        await self._socket.discard()

    async def send(self, event: events.Event) -> None:
        match event:
            case events.Audio():
                await self._playback.play(event.pcm)
            case events.TranslationText():
                await self._socket.send({"type": "translated", "text": event.text})
            case events.Failed():
                await self._socket.send({"type": "failed", "message": event.error.message})
            case events.Done():
                await self._socket.send({"type": "done"})

    async def close(self, code: int, error: SokujiError | None) -> None:
        if error is not None:
            await self.send(events.Failed(error))
        await self._socket.close(code)

    def _pass_on(self, session: Session, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            # A microphone goes on when the client has said that it has nothing more to say.
            if not session.ended:
                session.feed(frame)
        elif (kind := json.loads(frame)["type"]) == "end":
            session.end()
        elif kind == "cancel":
            session.cancel()
            self._playback.clear()
        else:
            raise InvalidRequest(f"unknown event {kind}")


@dataclass
class CallServer:
    """The server and the service behind it."""

    url: str
    service: Service
    loops: list[asyncio.AbstractEventLoop]
    """That of the server, once it has answered a request."""

    def drain(self) -> None:
        """See ``Service.drain``; from another thread."""
        self.loops[0].call_soon_threadsafe(self.service.drain)


@contextmanager
def call_server(settings: GatewaySettings | None = None, tts: FakeTts | None = None) -> Iterator[CallServer]:
    """A server; at its end no call may be left, or it would wait."""
    app = FastAPI()
    errors.install(app)
    app.state.service = service = Service(asyncio.run(ready_pipeline(tts=tts)), settings or GatewaySettings())
    app.add_middleware(Authentication, identify=service.credentials.identify, paths=PATHS)
    loops: list[asyncio.AbstractEventLoop] = []

    @app.post("/v1/calls")
    async def call(request: Request, service: CurrentService, client: CurrentClient) -> CallResponse:
        loops[:] = [asyncio.get_running_loop()]
        asked = await read_call(request, client.session)
        return await new_call(service, client, asked.offer, "/v1/calls/rtc_1", partial(Door, service))

    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = threading.Thread(target=server.run, args=([listener],))
        running.start()
        try:
            yield CallServer("http://{}:{}/v1/calls".format(*listener.getsockname()), service, loops)
        finally:
            server.should_exit = True
            running.join()
