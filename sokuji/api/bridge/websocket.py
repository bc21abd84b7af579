"""The WebSocket door, ``/api/v1/ws/translate``: frames to Session calls, Session events to frames.

A bad frame gets an error event and the conversation goes on; what cannot be survived closes the socket with
the code of its error. The first good config says which session it is, so the session begins with it. From
then on three tasks serve the socket: one reads, one writes, one runs the session; when any of them is done,
so are the others. A fourth waits for reasons to close that come from elsewhere.
"""

import asyncio
import json
import logging
import time
import uuid
from collections import deque
from functools import partial
from typing import NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect

from sokuji import events
from sokuji.api.bridge.frame_reader import Frame, FrameReader
from sokuji.api.bridge.messages import AudioMessage, ConfigMessage, Resumption, encode_event
from sokuji.api.limits import client_address
from sokuji.api.service import Service
from sokuji.api.sessions import Sessions
from sokuji.errors import InvalidRequest, Replaced, SokujiError
from sokuji.protocol import AudioEncoding
from sokuji.session.session import Session

log = logging.getLogger(__name__)

FAREWELL_S = 5.0
"""How long a client that may be gone is given to take the reason why it is closed."""
UNREAD_S = 1.0
"""A client that leaves a frame unread for longer than this is late by its own fault."""
NORMAL_CLOSURE = 1000
SERVICE_RESTART = 1012


async def translate_socket(websocket: WebSocket, service: Service, conversations: Sessions) -> None:
    """Serve one client until it or the session ends."""
    await websocket.accept()
    door = _Door(websocket, service, conversations)
    try:
        service.admit(client_address(websocket.scope))
        with service.session_slot(door.name, door.drain):
            log.info("session %s opened", door.name)
            await door.serve()
    except SokujiError as refusal:
        await _close_with(websocket, refusal)
    finally:
        log.info("session %s closed", door.name)


async def _close_with(websocket: WebSocket, error: SokujiError) -> None:
    """Say why, then close."""
    await _close(websocket, error.close_code, error.code, events.Failed(error, fatal=True))


async def _close(websocket: WebSocket, code: int, reason: str = "", last: events.Event | None = None) -> None:
    """Close the socket, after a last event; a client that is gone already is no failure."""
    try:
        async with asyncio.timeout(FAREWELL_S):
            for frame in encode_event(last, "wav_base64") if last else ():
                await websocket.send_text(json.dumps(frame))
            await websocket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        log.debug("the client left before it could be told %d %s", code, reason)


class _GoingAway(Exception):
    """The replica drains before the conversation has begun: the client should ask another one."""


class _Door:
    """One socket joined to one session."""

    def __init__(self, websocket: WebSocket, service: Service, conversations: Sessions) -> None:
        self.name = uuid.uuid4().hex
        """The id of the session, unless the client resumes one."""
        self._websocket = websocket
        self._service = service
        self._reader = FrameReader(websocket, service.settings.limits)
        self._conversations = conversations
        self._session: Session | None = None
        self._leaving: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        """Fails with the reason to close that comes from elsewhere."""
        self._encodings: deque[AudioEncoding] = deque()
        """Of the configs that have been accepted and not yet come into force."""
        self._sending_since: float | None = None

    @property
    def lag_ms(self) -> int:
        """How far the output is behind, unless it is the client that does not take it."""
        unread = self._sending_since is not None and time.monotonic() - self._sending_since > UNREAD_S
        return 0 if unread or self._session is None else self._session.lag_ms

    def replace(self) -> None:
        """Close: the client goes on in another connection."""
        self._leave(Replaced("the session goes on in another connection", param="session_id"))

    def drain(self) -> None:
        """Close when the utterance in progress is through, with word that the client should go elsewhere."""
        if self._session is None:
            self._leave(_GoingAway())
        else:
            self._session.drain()

    def _leave(self, reason: Exception) -> None:
        if not self._leaving.done():
            self._leaving.set_exception(reason)

    async def _until_leaving(self) -> None:
        await self._leaving

    async def serve(self) -> None:
        """Converse until one side is done. Whatever ends it, nothing is left running."""
        try:
            async with asyncio.TaskGroup() as tasks:
                others = [tasks.create_task(self._until_leaving())]
                session = await self._greet()
                with self._conversations.hold(session.session_id, self):
                    others += [tasks.create_task(session.run()), tasks.create_task(self._read(session))]
                    await self._write(session)
                for task in others:
                    task.cancel()
            await _close(self._websocket, SERVICE_RESTART if session.drained else NORMAL_CLOSURE)
        except* WebSocketDisconnect:
            log.info("session %s: the client left", self.name)
        except* _GoingAway:
            await _close(self._websocket, SERVICE_RESTART)
        except* SokujiError as errors:
            error = _first(errors)
            log.warning("session %s ends: %s: %s", self.name, error.code, error.message)
            await _close_with(self._websocket, error)
        except* Exception:
            log.exception("session %s failed", self.name)
            await _close_with(self._websocket, SokujiError("the session failed; open a new one"))

    async def _greet(self) -> Session:
        """The session that the first good config opens."""
        while True:
            session = await self._reader.take(self._begin, lambda error: self._send(events.Failed(error)))
            if session is not None:
                self._session = session
                return session

    async def _read(self, session: Session) -> None:
        """Take frames until the client leaves; raises what ends the conversation."""
        while True:
            use = partial(self._pass_on, session)
            await self._reader.take(use, session.report, may_be_idle=session.ended)

    def _begin(self, frame: Frame) -> Session:
        if not isinstance(frame, ConfigMessage):
            what = "audio" if isinstance(frame, bytes) else frame.type
            raise InvalidRequest(f"{what} came before config; send a config message first", param="type")
        conversation, resumption = frame.conversation(), frame.resumption()
        if resumption is None:
            # A conversation that was let in once is not turned away: its client has nowhere else to go.
            self._conversations.check_lag(self._service.settings.streaming.max_lag_s)
            session = Session(self._service.pipeline, self._service.settings, self.name)
        else:
            session = self._resumed(resumption)
        session.configure(conversation)
        self._encodings.append(frame.audio_encoding)
        return session

    def _resumed(self, resumption: Resumption) -> Session:
        max_session_s = self._service.settings.limits.max_session_s
        if resumption.from_ms > 1_000 * max_session_s:
            raise InvalidRequest(
                f"resume_from_ms: a session takes at most {max_session_s:g} s of audio",
                param="resume_from_ms",
            )
        log.info("session %s resumes %s at %d ms", self.name, resumption.session_id, resumption.from_ms)
        return Session(
            self._service.pipeline,
            self._service.settings,
            resumption.session_id,
            begin_ms=resumption.from_ms,
            resumed_text=resumption.text,
        )

    def _pass_on(self, session: Session, frame: Frame) -> None:
        if isinstance(frame, bytes):
            session.feed(frame)
        elif isinstance(frame, AudioMessage):
            session.feed(frame.pcm())
        elif isinstance(frame, ConfigMessage):
            if frame.resumption() is not None:
                raise InvalidRequest(
                    "only the first config of a connection can resume a session", param="session_id"
                )
            session.configure(frame.conversation())
            self._encodings.append(frame.audio_encoding)
        else:
            {"flush": session.flush, "end": session.end, "cancel": session.cancel}[frame.type]()

    async def _write(self, session: Session) -> None:
        encoding: AudioEncoding = "wav_base64"
        async for event in session.events():
            if isinstance(event, events.Ready):
                encoding = self._encodings.popleft()
            await self._send(event, encoding)

    async def _send(self, event: events.Event, encoding: AudioEncoding = "wav_base64") -> None:
        self._sending_since = time.monotonic()
        for frame in encode_event(event, encoding):
            if isinstance(frame, bytes):
                await self._websocket.send_bytes(frame)
            else:
                await self._websocket.send_text(json.dumps(frame, ensure_ascii=False))
        self._sending_since = None


def _first(errors: BaseExceptionGroup[SokujiError]) -> SokujiError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
