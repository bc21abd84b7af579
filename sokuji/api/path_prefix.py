"""The path under which a reverse proxy publishes the service: ``X-Forwarded-Prefix``.

A proxy that publishes the service under ``/speech``, and removes this prefix from the path, sends it in the
header. It becomes part of the request's ASGI ``root_path``, as Serve's ``route_prefix`` does
(https://asgi.readthedocs.io/en/latest/specs/www.html): the documentation, the OpenAPI document and redirects
contain it.

Any client can send the header, so only plain path segments are accepted, which can name no other host.
"""

import re

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Forwarded-Prefix"
_MAX_LENGTH = 200
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)+/?", re.ASCII)


def forwarded_prefix(header: str) -> str:
    """The prefixes of the proxies, outermost first, joined; empty if one is no plain path."""
    parts = [part.strip() for part in header[: _MAX_LENGTH + 1].split(",")]
    if len(header) > _MAX_LENGTH or not all(map(_PREFIX.fullmatch, parts)):
        return ""
    return "".join(part.rstrip("/") for part in parts)


class PathPrefix:
    """Middleware that gives requests their forwarded prefix, and makes redirects to this service relative.

    A relative redirect keeps the scheme and the host by which the client knows the service.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its prefix."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        header = ",".join(Headers(scope=scope).getlist(HEADER))
        if prefix := forwarded_prefix(header):
            root_path, path = scope.get("root_path", ""), scope["path"]
            scope = {**scope, "root_path": prefix + root_path, "path": prefix + path}
        # Without the query, which need not be UTF-8.
        origin = str(URL(scope={**scope, "path": "/", "query_string": b""}))

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                location = headers.get("location", "")
                if location.startswith(origin):
                    headers["location"] = "/" + location.removeprefix(origin).lstrip("/")
                if header:
                    # A cache must not give this response to clients of another prefix.
                    headers.add_vary_header(HEADER)
            await send(message)

        await self._app(scope, receive, send_relative)


def route_path(scope: Scope) -> str:
    """The path of a request relative to the path at which the application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
