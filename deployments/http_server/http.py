"""HTTP/1.1 with bounds on the head of a request: its bytes, and the time until it is complete.

A head that is refused is answered in the shape of the service's other errors.

It is uvicorn's protocol on h11, which refuses a head that is not complete after 64 KiB; the one on httptools,
which uvicorn prefers where it is installed, reads heads of any length. Bodies have limits of their own
(``sokuji.api.limits``).
"""

import asyncio
import json
import logging
import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sokuji.api.request_ids import new_request_id
from sokuji.errors import InvalidRequest
from sokuji.telemetry.call_ids import REQUEST_ID_HEADER

log = logging.getLogger("ray.serve")

HEAD_TIMEOUT_S = 10.0
"""Within which the head of a request must be complete, from the connection or from its first byte."""


class BoundedHttpProtocol(H11Protocol):
    """uvicorn's protocol on h11; see the module."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See ``asyncio.Protocol``."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._expect_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse a head, of which nothing is known, or what follows one. The connection is closed."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            # A response has begun: nothing else can be said.
            self.transport.close()
            return
        # uvicorn calls this while it handles h11's error, which knows the status, such as 431 for long heads.
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        request_id = new_request_id()
        log.info("request %s was refused: %d: %s", request_id, status, msg)
        detail = {"code": InvalidRequest.code, "message": msg, "param": None}
        headers = {
            "Content-Type": "application/json",
            "Connection": "close",
            REQUEST_ID_HEADER: request_id,
        }
        body = h11.Data(data=json.dumps({"error": detail}).encode())
        # The request is known if it is its body that is refused.
        has_no_body = self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD"
        for event in (
            h11.Response(status_code=status, headers=list(headers.items())),
            *([] if has_no_body else [body]),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect_head(self) -> None:
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.send_400_response(f"The head of the request was not complete within {HEAD_TIMEOUT_S:g} s.")
