"""The WebSocket door, ``/api/v1/ws/translate``: frames to Session calls, Session events to frames.

A bad frame gets an error event and the conversation goes on; what cannot be survived closes the socket with
the code of its error. Three tasks serve a socket: one reads, one writes, one runs the session; when any of
them is done, so are the others.
"""

import asyncio
import json
import logging
import uuid
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect

from sokuji import events
from sokuji.api.limits import client_address
from sokuji.api.service import Service
from sokuji.api.wire import (
    AudioEncoding,
    AudioMessage,
    ConfigMessage,
    decode_message,
    encode_event,
)
from sokuji.errors import InvalidRequest, Overloaded, SokujiError, TooLarge
from sokuji.inbox import SessionTooLong
from sokuji.session import Session

log = logging.getLogger(__name__)

PATIENCE = 100
"""Bad frames after which a client is taken for broken and closed."""
NORMAL_CLOSURE = 1000
ABNORMAL_CLOSURE = 1006


async def translate_socket(websocket: WebSocket, service: Service) -> None:
    """Serve one client until it or the session ends."""
    await websocket.accept()
    session_id = uuid.uuid4().hex
    try:
        service.admit(client_address(websocket.scope))
        with service.session_slot(session_id):
            log.info("session %s opened", session_id)
            await _Conversation(websocket, service, session_id).serve()
    except SokujiError as refusal:
        await _close_with(websocket, refusal)
    finally:
        log.info("session %s closed", session_id)


async def _close_with(websocket: WebSocket, error: SokujiError) -> None:
    """Say why, then close; a client that is gone already is no failure."""
    try:
        for frame in encode_event(events.Failed(error, fatal=True), "wav_base64"):
            await websocket.send_text(json.dumps(frame))
        await websocket.close(error.close_code, error.code)
    except (WebSocketDisconnect, RuntimeError):
        log.debug("the client left before it could be told %s", error.code)


class _Conversation:
    """One socket joined to one session."""

    def __init__(self, websocket: WebSocket, service: Service, session_id: str) -> None:
        self._websocket = websocket
        self._limits = service.settings.limits
        self._session = Session(service.pipeline, service.settings, session_id)
        self._encodings: deque[AudioEncoding] = deque()
        """Of the configs that have been accepted and not yet come into force."""
        self._bad_frames = 0

    async def serve(self) -> None:
        """Converse until one side is done. Whatever ends it, nothing is left running."""
        name = self._session.session_id
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._session.run())
                reading = tasks.create_task(self._read())
                await self._write()
                reading.cancel()
            await self._websocket.close(NORMAL_CLOSURE)
        except* WebSocketDisconnect:
            log.info("session %s: the client left", name)
        except* SokujiError as errors:
            error = _first(errors)
            log.warning("session %s ends: %s: %s", name, error.code, error.message)
            await _close_with(self._websocket, error)
        except* Exception:
            log.exception("session %s failed", name)
            await _close_with(self._websocket, SokujiError("the session failed; open a new one"))

    async def _read(self) -> None:
        """Take frames until the client leaves; raises what ends the conversation."""
        while True:
            try:
                async with asyncio.timeout(None if self._session.ended else self._limits.idle_timeout_s):
                    frame = await self._websocket.receive()
            except TimeoutError:
                raise InvalidRequest(f"nothing came for {self._limits.idle_timeout_s:g} s") from None
            if frame["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(frame.get("code", ABNORMAL_CLOSURE))
            try:
                self._take(frame.get("text"), frame.get("bytes"))
            except (Overloaded, SessionTooLong):
                raise
            except SokujiError as error:
                self._bad_frames += 1
                if self._bad_frames > PATIENCE:
                    raise InvalidRequest(
                        f"more than {PATIENCE} bad messages; the last one: {error}"
                    ) from error
                await self._session.report(error)

    def _take(self, text: str | None, data: bytes | None) -> None:
        size = len(data) if data is not None else len((text or "").encode())
        if size > self._limits.ws_max_message_size:
            raise TooLarge(
                f"a message of {size} bytes; at most {self._limits.ws_max_message_size} are accepted",
                param="data",
            )
        if data is not None:
            self._session.feed(data)
            return
        message = decode_message(text or "")
        if isinstance(message, AudioMessage):
            self._session.feed(message.pcm())
        elif isinstance(message, ConfigMessage):
            self._session.configure(message.conversation())
            self._encodings.append(message.audio_encoding)
        else:
            commands = {
                "flush": self._session.flush,
                "end": self._session.end,
                "cancel": self._session.cancel,
            }
            commands[message.type]()

    async def _write(self) -> None:
        encoding: AudioEncoding = "wav_base64"
        async for event in self._session.events():
            if isinstance(event, events.Ready):
                encoding = self._encodings.popleft()
            for frame in encode_event(event, encoding):
                if isinstance(frame, bytes):
                    await self._websocket.send_bytes(frame)
                else:
                    await self._websocket.send_text(json.dumps(frame, ensure_ascii=False))


def _first(errors: BaseExceptionGroup[SokujiError]) -> SokujiError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
