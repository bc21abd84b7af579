"""Reads a client's WebSocket: every frame is bounded, checked and used, or reported as bad, so many times."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from sokuji.api.bridge.messages import ClientMessage, decode_message
from sokuji.config import Limits
from sokuji.errors import InvalidRequest, Overloaded, SokujiError, TooLarge
from sokuji.session.input import SessionTooLong

T = TypeVar("T")
Frame = ClientMessage | bytes
"""A text frame's message, or the samples of a binary frame."""

PATIENCE = 100
"""Bad frames after which a client is taken for broken and closed."""
ABNORMAL_CLOSURE = 1006


class FrameReader:
    """The frames of one client."""

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket = websocket
        self._limits = limits
        self._bad_frames = 0

    async def take(
        self,
        use: Callable[[Frame], T],
        report: Callable[[SokujiError], Awaitable[None]],
        *,
        may_be_idle: bool = False,
    ) -> T | None:
        """Receive a frame and return what ``use`` makes of it; None: it was bad, and has been reported.

        Raises:
            WebSocketDisconnect: the client has left.
            InvalidRequest: one bad frame too many, or nothing came for ``idle_timeout_s``.
            Overloaded, SessionTooLong: ``use`` says that the conversation cannot go on.
        """
        message = await self._receive(None if may_be_idle else self._limits.idle_timeout_s)
        try:
            return use(self._frame(message))
        except (Overloaded, SessionTooLong):
            raise
        except SokujiError as error:
            self._bad_frames += 1
            if self._bad_frames > PATIENCE:
                raise InvalidRequest(f"more than {PATIENCE} bad messages; the last one: {error}") from error
            await report(error)
            return None

    async def _receive(self, timeout_s: float | None) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._websocket.receive()
        except TimeoutError:
            raise InvalidRequest(f"nothing came for {timeout_s:g} s") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", ABNORMAL_CLOSURE))
        return message

    def _frame(self, message: Mapping[str, Any]) -> Frame:
        text, data = message.get("text"), message.get("bytes")
        size = len(data) if data is not None else len((text or "").encode())
        if size > self._limits.ws_max_message_size:
            raise TooLarge(
                f"a message of {size} bytes; at most {self._limits.ws_max_message_size} are accepted",
                param="data",
            )
        return decode_message(text or "") if data is None else bytes(data)
