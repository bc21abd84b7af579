"""``X-Request-Id``: every request has an id, which its answer, its log records and further requests have too.

A client's own id is kept if it has at most 128 letters, digits, ``.``, ``_``, ``:`` or ``-``; otherwise the
request gets a new one.
"""

import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.telemetry import call_ids
from sokuji.telemetry.call_ids import REQUEST_ID_HEADER, CallIds

_HTTP_START = "http.response.start"
_SOCKET_STARTS = ("websocket.accept", "websocket.http.response.start")


def new_request_id() -> str:
    """For a request that brought none."""
    return uuid.uuid4().hex


def shown_request_id() -> dict[str, str]:
    """``request_id`` as a field of an error event; empty: the request that is handled has none."""
    request_id = call_ids.current().request_id
    return {} if request_id is None else {"request_id": request_id}


class RequestIds:
    """Binds the id of a request while it is handled, and sends it back.

    Args:
        server_answers_with_id: whether the server around the application adds the header to HTTP responses by
            itself, as Ray Serve does; the answers to handshakes get it here in any case.
    """

    def __init__(self, app: ASGIApp, *, server_answers_with_id: bool) -> None:
        self._app = app
        self._starts = _SOCKET_STARTS if server_answers_with_id else (_HTTP_START, *_SOCKET_STARTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if call_ids.is_request_id(given) else new_request_id()

        async def send_with_id(message: Message) -> None:
            if message["type"] in self._starts:
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        with call_ids.bound(CallIds(request_id=request_id)):
            await self._app(scope, receive, send_with_id)
