"""The messages of a call, with the methods of a WebSocket: events as text, what the client says as bytes.

Events go over the data channel that the client opens. Audio is received as binary frames, mono int16 PCM at
``CALL_RATE``: all that has come since the last one. It is sent by ``Playback``.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aiortc import RTCDataChannel
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from sokuji.errors import TooLarge

LABEL = "oai-events"
"""Of the data channel, as OpenAI's clients name it; others are not served."""
MAX_UNREAD_BYTES = 2**24
"""A client whose messages and audio wait for longer than this takes to fill is taken for broken."""
MAX_UNSENT_BYTES = 2**20
"""Events that wait to be sent; more are taken when there is room."""
GONE: Message = {"type": "websocket.disconnect", "code": 1006}


class CallChannel:
    """See ``FrameChannel``.

    Args:
        has_events: whether the client has offered a data channel; otherwise events are dropped.
    """

    def __init__(self, *, has_events: bool) -> None:
        self._has_events = has_events
        self._channel: RTCDataChannel | None = None
        self._received: deque[str | bytearray] = deque()
        self._unread_bytes = 0
        self._changed = asyncio.Event()
        self.gone = asyncio.Event()
        """Set when nothing can be sent to the client or received from it."""

    def open(self, channel: RTCDataChannel) -> None:
        """Serve a data channel of the client, if it is the first that is named ``LABEL``."""
        if channel.label != LABEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = MAX_UNSENT_BYTES // 2
        channel.on("message", self._receive_event)
        channel.on("bufferedamountlow", self._notify)
        channel.on("close", self.disconnect)
        self._notify()

    async def until_open(self) -> None:
        """Return when events can be sent, or the client has gone."""
        if self._has_events:
            await self._until(lambda: self._channel is not None)

    def disconnect(self) -> None:
        """Note that the client has gone."""
        self.gone.set()
        self._notify()

    def receive_audio(self, pcm: bytes) -> None:
        """Queue what the client has said."""
        if self._received and isinstance(self._received[-1], bytearray):
            self._received[-1] += pcm
        else:
            self._received.append(bytearray(pcm))
        self._count(len(pcm))

    async def receive(self) -> Message:
        """The next frame, as ASGI has it; a disconnection after the last one."""
        await self._until(lambda: bool(self._received))
        if not self._received:
            return GONE
        frame = self._received.popleft()
        self._unread_bytes -= len(frame)
        if isinstance(frame, str):
            return {"type": "websocket.receive", "text": frame}
        return {"type": "websocket.receive", "bytes": bytes(frame)}

    async def send_text(self, data: str) -> None:
        """Send an event, once the client has opened its channel and taken what was sent before.

        Raises:
            WebSocketDisconnect: the client has gone.
            TooLarge: the client takes no event of this length.
        """
        await self._send(data)

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message, in the same way."""
        await self._send(data)

    def send_soon(self, event: Mapping[str, Any]) -> None:
        """Send an event without waiting, unless the client has gone."""
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(json.dumps(event))

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Take no more from the client; the call ends when what was said has been played (``Peer``)."""
        self._received.clear()

    async def until_sent(self) -> None:
        """Return when the client has all events, or has gone."""
        channel = self._channel
        if channel is not None:
            channel.bufferedAmountLowThreshold = 0
            await self._until(lambda: channel.bufferedAmount == 0)

    async def _send(self, data: str | bytes) -> None:
        if not self._has_events:
            return
        await self._until(self._may_send)
        if self._channel is None or self.gone.is_set():
            raise WebSocketDisconnect(1006)
        try:
            self._channel.send(data)
        except ValueError as error:
            # The client has said how long a message may be.
            raise TooLarge(str(error)) from None

    def _may_send(self) -> bool:
        return self._channel is not None and self._channel.bufferedAmount < MAX_UNSENT_BYTES

    def _receive_event(self, data: str | bytes) -> None:
        # Some libraries send text as bytes.
        text = data if isinstance(data, str) else data.decode(errors="replace")
        self._received.append(text)
        self._count(len(text))

    def _count(self, size: int) -> None:
        self._unread_bytes += size
        if self._unread_bytes > MAX_UNREAD_BYTES:
            self.disconnect()
        self._notify()

    def _notify(self) -> None:
        """Let all that wait look again."""
        self._changed.set()
        self._changed.clear()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self.gone.is_set():
            await self._changed.wait()
