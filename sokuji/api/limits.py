"""The limit on the calls of a client in a minute, before a handler runs; ``body_limits`` has those on bodies.

It is plain ASGI middleware: a refusal is cheap. Settings are read for each request, so that a changed limit
holds from the next request on.
"""

from collections.abc import Awaitable, Callable, Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.access.allowance import Allowance
from sokuji.access.request_window import allowance_of
from sokuji.api.errors import error_response
from sokuji.api.path_prefix import route_path
from sokuji.errors import RateLimited

_PROBES = ("/health", "/metrics")
_PROBES_BELOW = "/health/"
_ALLOWANCE = "sokuji.allowance_of_address"


def is_probe(path: str) -> bool:
    """Whether a path is never limited: a refusal would make a busy replica look broken."""
    return path in _PROBES or path.startswith(_PROBES_BELOW)


def allowance_of_address(scope: Scope) -> Allowance | None:
    """What is left of the requests of the client's address; None: there is no limit, or none was counted."""
    found: Allowance | None = scope.get(_ALLOWANCE)
    return found


def client_address(scope: Scope) -> str:
    """The address of the peer; behind a proxy that is the proxy's, unless the server trusts its headers."""
    return scope["client"][0] if scope.get("client") else "unknown"


class RateLimit:
    """Answers 429 where ``admit`` refuses a client's address. ``SessionConnection`` does so for sockets.

    Args:
        admit: counts a call and returns what is left, or raises ``RateLimited``; None: there is no limit.
        per_minute: the limit.
    """

    def __init__(
        self,
        app: ASGIApp,
        admit: Callable[[str], Awaitable[Allowance | None]],
        per_minute: Callable[[], int],
    ) -> None:
        self._app = app
        self._admit = admit
        self._per_minute = per_minute

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or is_probe(route_path(scope)):
            await self._app(scope, receive, send)
            return
        try:
            allowance = await self._admit(client_address(scope))
        except RateLimited as refusal:
            per_minute = self._per_minute()
            none_left = allowance_of(per_minute, per_minute, refusal.retry_after_s or 0)
            await error_response(refusal, scope)(scope, receive, _telling(none_left, send))
            return
        if allowance is not None:
            send = _telling(allowance, send)
        await self._app({**scope, _ALLOWANCE: allowance}, receive, send)


def _telling(allowance: Allowance, send: Send) -> Send:
    async def send_with_allowance(message: Message) -> None:
        if message["type"] == "http.response.start":
            add_allowances(message, [allowance])
        await send(message)

    return send_with_allowance


def add_allowances(start: Message, allowances: Iterable[Allowance]) -> None:
    """Say in the headers of a response what is left, where they do not say it yet."""
    headers = MutableHeaders(scope=start)
    for allowance in allowances:
        for name, value in allowance.headers.items():
            headers.setdefault(name, value)
