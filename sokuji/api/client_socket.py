"""A client's WebSocket: frames are bounded, bad ones are reported and counted, and so is idleness.

A client that sends nothing, or reads nothing, is not waited for longer than ``idle_timeout_s``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from sokuji.api.session_connection import ClientDisconnected
from sokuji.config import Limits
from sokuji.errors import InvalidRequest, Overloaded, SokujiError, TooLarge
from sokuji.session.input import SessionTooLong
from sokuji.session.session import Session

T = TypeVar("T")
MAX_BAD_FRAMES = 100
"""Bad frames after which a client is taken for broken and its connection is closed."""


class EndWithoutSession(InvalidRequest):
    """The client has nothing more to send before it has opened a session."""


ENDS_CONNECTION = (Overloaded, SessionTooLong, EndWithoutSession)
"""Errors after which a connection cannot go on."""


class FrameChannel(Protocol):
    """What carries the frames of a client: Starlette's ``WebSocket``, or something with the same methods.

    They raise ``WebSocketDisconnect``, or receive a disconnection, once the client has gone.
    """

    async def receive(self) -> Message:
        """The next ``websocket.receive`` or ``websocket.disconnect`` of ASGI."""

    async def send_text(self, data: str) -> None:
        """Send a text frame."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close with a code of RFC 6455."""


class ClientSocket:
    """An accepted WebSocket, or what stands for one.

    Every method raises ``ClientDisconnected`` once the client has gone.

    Args:
        max_message_bytes: of one frame; None: ``ws_max_message_size``.
    """

    def __init__(self, channel: FrameChannel, limits: Limits, max_message_bytes: int | None = None) -> None:
        self._channel = channel
        self._limits = limits
        self._max_message_bytes = max_message_bytes or limits.ws_max_message_size
        self._bad_frames = 0

    async def handle_frame(
        self,
        handle: Callable[[str | bytes], T],
        report: Callable[[SokujiError], Awaitable[None]],
        *,
        may_be_idle: bool = False,
    ) -> T | None:
        """Receive a frame and return what ``handle`` makes of it; None: it was bad, and has been reported.

        Args:
            handle: takes the text, or the bytes of a binary frame; raises ``SokujiError`` for a bad frame.
            report: tells the client of a bad frame, after which the connection goes on.
            may_be_idle: whether the client has nothing more to send.

        Raises:
            InvalidRequest: one bad frame too many, or no frame came for ``idle_timeout_s``.
            Overloaded, SessionTooLong, EndWithoutSession: from ``handle``; the connection cannot go on.
        """
        frame = await self._receive(None if may_be_idle else self._limits.idle_timeout_s)
        try:
            self._check_size(frame)
            return handle(frame)
        except ENDS_CONNECTION:
            raise
        except SokujiError as error:
            self._bad_frames += 1
            if self._bad_frames > MAX_BAD_FRAMES:
                raise InvalidRequest(
                    f"more than {MAX_BAD_FRAMES} bad messages; the last one: {error}"
                ) from error
            await report(error)
            return None

    async def first_result(
        self, handle: Callable[[str | bytes], T], report: Callable[[SokujiError], Awaitable[None]]
    ) -> T:
        """Receive frames until ``handle`` makes something of one; see ``handle_frame``."""
        result = None
        while result is None:
            result = await self.handle_frame(handle, report)
        return result

    async def pass_on(self, session: Session, handle: Callable[[str | bytes], None]) -> NoReturn:
        """Receive frames for a session, as fast as it takes them; see ``handle_frame``."""
        while True:
            await session.hold_back()
            await self.handle_frame(handle, session.report, may_be_idle=session.ended)

    async def discard(self) -> NoReturn:
        """Receive and drop whatever comes until the client has gone.

        A socket that is not read would miss the answers to the pings of its server, which would close it.
        """
        while True:
            await self._receive(None)

    async def send(self, frame: Mapping[str, Any] | bytes) -> None:
        """Send a mapping as a text frame of JSON, or bytes as a binary frame.

        Raises:
            InvalidRequest: the client took nothing for ``idle_timeout_s``.
        """
        timeout_s = self._limits.idle_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                if isinstance(frame, bytes):
                    await self._channel.send_bytes(frame)
                else:
                    await self._channel.send_text(_json(frame))
        except WebSocketDisconnect:
            raise ClientDisconnected from None
        except TimeoutError:
            raise InvalidRequest(f"the client has read nothing for {timeout_s:g} s") from None

    async def close(self, code: int, reason: str = "") -> None:
        """Close with a code of RFC 6455, section 7.4."""
        try:
            await self._channel.close(code, reason)
        except (WebSocketDisconnect, RuntimeError):
            # Starlette raises RuntimeError where the socket has been closed by the other side.
            raise ClientDisconnected from None

    async def _receive(self, timeout_s: float | None) -> str | bytes:
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._channel.receive()
        except TimeoutError:
            raise InvalidRequest(f"no frame was received for {timeout_s:g} s") from None
        if message["type"] == "websocket.disconnect":
            raise ClientDisconnected
        data = message.get("bytes")
        return message.get("text") or "" if data is None else bytes(data)

    def _check_size(self, frame: str | bytes) -> None:
        size = len(frame) if isinstance(frame, bytes) else len(frame.encode())
        if size > self._max_message_bytes:
            raise TooLarge(
                f"a message of {size} bytes; at most {self._max_message_bytes} are accepted",
                param="data",
            )


def _json(frame: Mapping[str, Any]) -> str:
    """JSON that has a UTF-8 encoding: an error may quote lone surrogates that the client has sent."""
    text = json.dumps(frame, ensure_ascii=False)
    if not text.isascii():  # costs nothing: a text knows that it is, and audio is
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(frame)
    return text
