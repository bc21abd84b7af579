"""Measures REST calls. Plain ASGI middleware, outside of all that may refuse a call."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.doors import door_of
from sokuji.metrics.requests import record_request

CLIENT_LEFT = 499
"""Status of a call whose client left before there was a response, as nginx logs it."""
UNROUTED = "unrouted"
"""The route of calls that were refused before they had one, or for which there is none."""


class RequestMetrics:
    """Records door, route, status and duration of each REST call; of a socket its session is recorded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = CLIENT_LEFT, time.monotonic()
        ended: float | None = None

        async def note(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
            # A response may do more when it has been sent, such as serve a call for an hour.
            elif not message.get("more_body"):
                ended = time.monotonic()
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = _route(scope)
            record_request(door_of(route), route, status, (ended or time.monotonic()) - began)


def _route(scope: Scope) -> str:
    """The path of the request as the application declares it."""
    return getattr(scope.get("route"), "path", UNROUTED)
