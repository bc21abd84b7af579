"""Which web pages may call the service: the check of ``Origin`` and ``Host``, and CORS for those that may.

A browser lets any page send requests and open WebSockets to any address that the user can reach, a service
on the user's own machine included. It names the page in ``Origin`` (RFC 6454). A page whose own name is made
to resolve to the service's address (DNS rebinding) counts as the service's own page; it gives itself away by
that name in ``Host``. Names that nobody can register are safe from that, and so are addresses.
"""

import ipaddress
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from sokuji.api.errors import error_response
from sokuji.api.handshake import refuse
from sokuji.config.access import ANY, AccessSettings
from sokuji.errors import Forbidden

PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".svc", ".cluster.local", ".home.arpa")
"""Domains that are not in public DNS (RFC 6761, 6762, 8375, ICANN's .internal) or are Kubernetes' own."""
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class PageAccess:
    """Answers 403 to pages that may not call the service, and to hosts that are not its own.

    Args:
        settings: returns those in force.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], AccessSettings]) -> None:
        self._app = app
        self._settings = settings
        self._cors = _cors(app, ())
        self._cors_origins: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        settings = self._settings()
        try:
            check_access(Headers(scope=scope), settings)
        except Forbidden as refusal:
            if scope["type"] == "http":
                await error_response(refusal, scope)(scope, receive, send)
            else:
                await refuse(WebSocket(scope, receive, send), refusal)
            return
        if self._cors_origins != settings.allowed_origins:
            self._cors, self._cors_origins = (
                _cors(self._app, settings.allowed_origins),
                settings.allowed_origins,
            )
        await self._cors(scope, receive, send)


def check_access(headers: Headers, settings: AccessSettings) -> None:
    """Check where a request comes from.

    Raises:
        Forbidden: names the origin or the host, and the setting that would allow it.
    """
    host = headers.get("host", "")
    if host and not _is_served(host, settings.allowed_hosts):
        raise Forbidden(
            f"the host {host[:100]!r} is not served; accepted: addresses, localhost, names that are in no "
            "public DNS, and those in access.allowed_hosts of the Gateway's user_config",
            param="Host",
        )
    origin = headers.get("origin")
    if origin is not None and not _may_call(origin, host, settings.allowed_origins):
        raise Forbidden(
            f"pages of {origin[:100]!r} may not call this service; accepted: its own, and those of "
            "access.allowed_origins in the Gateway's user_config",
            param="Origin",
        )


def _is_served(host: str, allowed: tuple[str, ...]) -> bool:
    name = _split(f"//{host}").name.removesuffix(".")
    if not name:
        return False
    if ANY in allowed or name in allowed or "." not in name or name.endswith(PRIVATE_SUFFIXES):
        return True
    return _is_address(name)


def _may_call(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    if ANY in allowed or origin.lower() in allowed:
        return True
    page, own = _split(origin), _split(f"//{host}")
    default = _DEFAULT_PORTS.get(page.scheme)
    if not page.name or default is None:
        return False
    return (page.name, page.port or default) == (own.name, own.port or default)


class _Split(NamedTuple):
    """The parts of a URL that say where it leads."""

    scheme: str = ""
    name: str = ""
    """The host, in lower case; empty: there is none."""
    port: int | None = None


def _split(url: str) -> _Split:
    """The parts; none of them where it is no URL."""
    try:
        parts = urlsplit(url)
        return _Split(parts.scheme, parts.hostname or "", parts.port)
    except ValueError:
        return _Split()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cors(app: ASGIApp, origins: tuple[str, ...]) -> CORSMiddleware:
    # There are no cookies that a page could use.
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=["*"], allow_headers=["*"], expose_headers=["*"]
    )
