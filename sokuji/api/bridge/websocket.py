"""The WebSocket of the bridge API, ``/api/v1/ws/translate``: its messages on a session (docs/api.md).

A bad frame gets an error event and the session goes on. The first config that is accepted opens the session.
"""

from collections import deque
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import NoReturn, Self

from fastapi import APIRouter
from starlette.websockets import WebSocket

from sokuji import events
from sokuji.api.bridge.config_message import ConfigMessage, Resumption
from sokuji.api.bridge.messages import AudioMessage, ClientMessage, decode_message, encode_event
from sokuji.api.client_socket import ClientSocket, EndWithoutSession
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.handshake import accept
from sokuji.api.service import Service
from sokuji.api.session_connection import SessionConnection
from sokuji.broadcast.publisher import Publisher
from sokuji.errors import InvalidRequest, Replaced, SokujiError
from sokuji.events import Ack
from sokuji.metrics.broadcasts import record_opened
from sokuji.protocol import AudioEncoding
from sokuji.session.session import Session

router = APIRouter()


@router.websocket("/api/v1/ws/translate")
async def translate(websocket: WebSocket, service: CurrentService, client: CurrentClient) -> None:
    """Serve one client."""
    await accept(websocket)
    socket = ClientSocket(websocket, service.settings.limits)
    async with BridgeTransport(socket, service) as transport:
        await SessionConnection(transport, service, client).serve()


class BridgeTransport:
    """Frames of the bridge API on one socket; see ``Transport``."""

    door = "bridge"

    def __init__(self, socket: ClientSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._encoding: AudioEncoding = "wav_base64"
        self._next_encodings: deque[AudioEncoding] = deque()
        """Of the configs that have been accepted and are not in force yet."""
        self._publisher: Publisher | None = None
        self._publishing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Publish, if the session is a broadcast, until the end of the block."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Publish what waits."""
        await self._publishing.aclose()

    @property
    def open_timeout_s(self) -> float:
        """See ``Transport``."""
        return self._service.settings.limits.config_timeout_s

    async def open_session(self) -> Session:
        """See ``Transport``."""
        session = await self._socket.first_result(self._open, self._report)
        if self._publisher is not None:
            await self._publishing.enter_async_context(self._publisher.open())
        return session

    async def receive(self, session: Session) -> None:
        """See ``Transport``."""
        await self._socket.pass_on(session, partial(self._pass_on, session))

    async def discard(self) -> NoReturn:
        """See ``Transport``."""
        await self._socket.discard()

    async def send(self, event: events.Event) -> None:
        """See ``Transport``."""
        if isinstance(event, events.Ready):
            self._encoding = self._next_encodings.popleft()
            if self._publisher is not None:
                event = replace(event, broadcast=self._publisher.broadcast_id)
        for frame in encode_event(event, self._encoding):
            await self._socket.send(frame)

    async def close(self, code: int, error: SokujiError | None) -> None:
        """See ``Transport``."""
        if error is not None:
            if self._publisher is not None and not isinstance(error, Replaced):
                self._publisher.end()
            await self.send(events.Failed(error, fatal=True))
        await self._socket.close(code, error.code if error else "")

    async def _report(self, error: SokujiError) -> None:
        await self.send(events.Failed(error))

    def _open(self, frame: str | bytes) -> Session:
        config = _decoded(frame)
        if not isinstance(config, ConfigMessage):
            kind = "audio" if isinstance(config, bytes) else config.type
            if kind == "end":
                raise EndWithoutSession("end came before a config was accepted; nothing was translated")
            raise InvalidRequest(f"{kind} came before config; send a config message first", param="type")
        conversation, resumption = config.conversation(), config.resumption()
        if resumption is None:
            session = self._service.new_session()
        else:
            session = self._service.resumed_session(
                resumption.session_id, resumption.from_ms, resumption.text
            )
        session.configure(conversation)
        if config.broadcast:
            self._broadcast(session, resumption)
        self._next_encodings.append(config.audio_encoding)
        return session

    def _broadcast(self, session: Session, resumption: Resumption | None) -> None:
        resumed = Ack(resumption.from_ms, resumption.text) if resumption else None
        broadcast_id = self._service.credentials.broadcast_id(session.session_id)
        self._publisher = self._service.relay.publisher(broadcast_id, resumed, session.attend)
        record_opened()
        session.broadcast(self._publisher.publish)

    def _pass_on(self, session: Session, frame: str | bytes) -> None:
        message = _decoded(frame)
        if isinstance(message, bytes):
            session.feed(message)
        elif isinstance(message, AudioMessage):
            session.feed(message.pcm())
        elif isinstance(message, ConfigMessage):
            if message.resumption() is not None:
                raise InvalidRequest(
                    "only the first config of a connection can resume a session", param="session_id"
                )
            if message.broadcast and self._publisher is None:
                raise InvalidRequest(
                    "only the first config of a connection can begin a broadcast", param="broadcast"
                )
            session.configure(message.conversation())
            self._next_encodings.append(message.audio_encoding)
        else:
            {"flush": session.flush, "end": session.end, "cancel": session.cancel}[message.type]()


def _decoded(frame: str | bytes) -> ClientMessage | bytes:
    """The message of a text frame, or the samples of a binary frame."""
    return frame if isinstance(frame, bytes) else decode_message(frame)
