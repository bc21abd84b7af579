"""WebSockets with bounds on what waits in memory: unfinished messages, early frames, unread pongs.

It is uvicorn's protocol on ``websockets``, which reads nothing more while a message waits for the
application, but has no bound on the number of fragments of a message, on what a client sends before the
handshake is answered, and on the pongs for a client that reads none.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.server import ServerProtocol

from sokuji.api.request_ids import new_request_id
from sokuji.config import ProxySettings
from sokuji.telemetry.call_ids import REQUEST_ID_HEADER, is_request_id

MAX_FRAGMENTS = 4_096
"""Frames of one message. Fragments without data cost memory too."""
MAX_EARLY_BYTES = 2**16
"""What a client may send before its handshake is answered."""
MAX_UNREAD_BYTES = 2**20
"""Answers to control frames that a client has not read, beyond what the application sends."""
MAX_UNFINISHED_BYTES = 2**28
"""Of the unfinished messages of all sockets of the server together."""
FAIR_BYTES = 2**20
"""A socket that holds no more than this is closed for no other's sake."""


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol on ``websockets``; see the module."""

    settings: ClassVar = ProxySettings()
    """Of all sockets of this process; see ``install``."""
    _unfinished_bytes = 0
    """Of the message that is being received, in frames that are complete or not."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        config.ws_ping_interval = self.settings.ws_ping_interval
        config.ws_ping_timeout = self.settings.ws_ping_timeout
        config.ws_per_message_deflate = self.settings.ws_compression
        super().__init__(config, server_state, app_state)
        # Called for handshakes that the application never sees, or does not answer.
        self.conn.reject = self._reject  # type: ignore[method-assign]

    def _reject(self, status: int, text: str) -> Response:
        """What refuses a handshake, with the id of the request like every other answer."""
        given = self.request.headers.get(REQUEST_ID_HEADER, "")
        response = ServerProtocol.reject(self.conn, status, text)
        response.headers[REQUEST_ID_HEADER] = given if is_request_id(given) else new_request_id()
        return response

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._unfinished_bytes += len(data)
        try:
            super().data_received(data)
        except InvalidState:
            # uvicorn answers what is wrong even after the connection's closing has begun.
            self.transport.abort()
            return
        early = not self.handshake_complete and self._unfinished_bytes > MAX_EARLY_BYTES
        if early or self._holds_too_much():
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment."""
        if len(self.frames) >= MAX_FRAGMENTS:
            self.transport.abort()
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Hand a complete message over."""
        self._unfinished_bytes = 0
        super().send_receive_event_to_app()

    def _holds_too_much(self) -> bool:
        if self._unfinished_bytes <= FAIR_BYTES:
            return False
        return sum(each._unfinished_bytes for each in self._sockets()) > MAX_UNFINISHED_BYTES

    def _sockets(self) -> "Iterator[BoundedWebSocketProtocol]":
        return (each for each in self.connections if isinstance(each, BoundedWebSocketProtocol))
