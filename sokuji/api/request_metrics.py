"""Measures REST calls. Plain ASGI middleware, outside of all that may refuse a call."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.doors import door_of
from sokuji.api.path_prefix import route_path
from sokuji.metrics.requests import record_request

CLIENT_LEFT = 499
"""Status of a call whose client left before there was a response, as nginx logs it."""
_ROUTES = "sokuji.routes"
"""Key of a scope: a list, to which the route is added when there is one."""
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
        routes: list[str] = []

        async def note(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
            # A response may do more when it has been sent, such as serve a call for an hour.
            elif not message.get("more_body"):
                ended = time.monotonic()
            await send(message)

        try:
            await self._app({**scope, _ROUTES: routes}, receive, note)
        finally:
            route = routes[0] if routes else UNROUTED
            took_s = (ended or time.monotonic()) - began
            # By the path: a call that was refused has no route.
            record_request(door_of(route_path(scope)), route, status, took_s)


class RouteNote:
    """Tells ``RequestMetrics`` which route a request has, as the application declares its path.

    It has to be the innermost middleware: the router writes the route into the scope that it is given, which
    may be a copy of the one that middleware outside has.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        try:
            await self._app(scope, receive, send)
        finally:
            if _ROUTES in scope and "route" in scope:
                scope[_ROUTES].append(scope["route"].path)
