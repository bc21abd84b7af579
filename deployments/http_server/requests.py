"""ASGI middleware around Serve's proxy: requests without what only Serve's own callers may say, and errors in
the shape of the service's doors.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.errors import error_of_server
from sokuji.telemetry.call_ids import REQUEST_ID_HEADER, is_request_id

REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
"""Serve writes the id to its log and sends it back."""
_SERVE_HEADERS = frozenset({b"serve_multiplexed_model_id", b"serve-multiplexed-model-id"})
"""Headers by which Serve chooses a replica; no deployment of this project has models to choose from."""
_SERVE_PATHS = "/-/"
"""Serve's own, whose answers load balancers read."""
MAX_ERROR_BYTES = 4_096


class CleanHeaders:
    """Removes headers that Serve would act on or send back unbounded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if "headers" in scope:
            headers = [(name, value) for name, value in scope["headers"] if _is_clean(name, value)]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


def _is_clean(name: bytes, value: bytes) -> bool:
    name = name.lower()
    if name == REQUEST_ID:
        return is_request_id(value.decode("latin-1"))
    return name not in _SERVE_HEADERS


class ShapedErrors:
    """Gives errors that Serve answers in plain text, or not at all, the shape of the door that was called."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].startswith(_SERVE_PATHS):
            await self._app(scope, receive, send)
            return
        shaped = _Shaped(scope, receive, send)
        await self._app(scope, receive, shaped.send)
        await shaped.complete()


class _Shaped:
    """``send`` of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._answered = False
        self._error: Message | None = None
        """The start of a response in plain text that reports an error."""
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass a message on, or keep it until the error is complete."""
        self._answered = True
        if message["type"] == "http.response.start" and _is_plain_error(message):
            self._error = message
        elif self._error is None:
            await self._send(message)
        else:
            self._body = (self._body + message.get("body", b""))[:MAX_ERROR_BYTES]
            if not message.get("more_body", False):
                text = self._body.decode(errors="replace").strip()
                response = error_of_server(self._error["status"], text, self._scope)
                if request_id := dict(self._error["headers"]).get(REQUEST_ID):
                    response.headers[REQUEST_ID_HEADER] = request_id.decode()
                await response(self._scope, self._receive, self._send)

    async def complete(self) -> None:
        """Answer for Serve, which says nothing where a replica is lost while it works on a request."""
        if not self._answered:
            response = error_of_server(500, "the service failed while it worked on the request", self._scope)
            await response(self._scope, self._receive, self._send)


def _is_plain_error(message: Message) -> bool:
    headers = {name.lower(): value for name, value in message.get("headers", ())}
    is_plain = headers.get(b"content-type", b"text/plain").startswith(b"text/plain")
    return bool(is_plain and message["status"] >= 400)
