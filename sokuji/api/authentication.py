"""Who sends a request, checked before anything of its body is read, for all doors and all paths.

It is plain ASGI middleware: a door cannot forget it. A refusal has the status and the shape of the path, 401
or 403, and there is no WebSocket then. What a client may still use stands in the headers of the responses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from sokuji.access.allowance import Allowance
from sokuji.access.key_ring import HEADER
from sokuji.access.principal import Principal
from sokuji.api.credentials import shows_credential
from sokuji.api.errors import error_response
from sokuji.api.handshake import refuse
from sokuji.api.limits import allowance_of_address, telling
from sokuji.api.path_prefix import route_path
from sokuji.config.keys import KeyScope
from sokuji.errors import SokujiError, Unauthenticated

_ENTRY = "sokuji.entry"
API_KEY_SCHEME = "ApiKey"


@dataclass(frozen=True)
class PathAccess:
    """What a client needs for the paths of the service. A path that is not named needs a key, of any scope.

    Args:
        public: paths that need no key.
        public_below: beginnings of such paths.
        scopes: path -> what a key has to be for.
        keys_in_body: paths whose body may have the key, which their door then hands to ``identify_by_body``.
    """

    public: frozenset[str]
    public_below: tuple[str, ...]
    scopes: Mapping[str, KeyScope]
    keys_in_body: frozenset[str]

    def is_public(self, path: str) -> bool:
        """Whether a path needs no key."""
        return path in self.public or path.startswith(self.public_below)


Identify = Callable[[HTTPConnection, str | None], Principal]
"""The client of a connection, which shows a key beside its headers, or None; raises ``SokujiError``."""


class Entry:
    """A request on its way in, and its client once that is known."""

    def __init__(self, identify: Identify, needed: KeyScope | None) -> None:
        self.client: Principal | None = None
        self._identify = identify
        self._needed = needed

    async def admit(self, connection: HTTPConnection, key_in_body: str | None = None) -> None:
        """Identify the client, and count its request; that of a session counts when it can be told so.

        Raises:
            Unauthenticated, Forbidden, RateLimited: it is refused.
        """
        client = self._identify(connection, key_in_body)
        client.check_scope(self._needed)
        self.client = client
        if connection.scope["type"] == "http":
            await client.admit_request(allowance_of_address(connection.scope))

    @property
    def allowances(self) -> list[Allowance]:
        """What the client may still use."""
        return self.client.allowances if self.client else []


class Authentication:
    """See the module.

    Args:
        identify: see ``Identify``.
        paths: what the paths need.
    """

    def __init__(self, app: ASGIApp, identify: Identify, paths: PathAccess) -> None:
        self._app = app
        self._identify = identify
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its client, or refuse it."""
        path = route_path(scope) if scope["type"] in ("http", "websocket") else None
        if path is None or self._paths.is_public(path):
            await self._app(scope, receive, send)
            return
        entry, connection = Entry(self._identify, self._paths.scopes.get(path)), HTTPConnection(scope)
        send = _telling(entry, send)
        try:
            await entry.admit(connection)
        except SokujiError as refusal:
            in_body = path in self._paths.keys_in_body and not shows_credential(connection)
            if not (in_body and isinstance(refusal, Unauthenticated)):
                await _refuse(refusal, scope, receive, send)
                return
        await self._serve(entry, {**scope, _ENTRY: entry}, receive, send)

    async def _serve(self, entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
        failed = False

        async def send_and_note(message: Message) -> None:
            nonlocal failed
            failed = failed or (message["type"] == "http.response.start" and message["status"] >= 500)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            failed = True
            raise
        finally:
            if entry.client is not None:
                await entry.client.settle(failed=failed)


def _telling(entry: Entry, send: Send) -> Send:
    async def send_with_allowances(message: Message) -> None:
        await telling(entry.allowances, send)(message)

    return send_with_allowances


async def _refuse(refusal: SokujiError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await error_response(refusal, scope)(scope, receive, send)
    else:
        await refuse(WebSocket(scope, receive, send), refusal)


def client_of(connection: HTTPConnection) -> Principal:
    """The client of a request that has passed ``Authentication``.

    Raises:
        Unauthenticated: its key should stand in the body, and nobody has looked for it there.
    """
    entry: Entry = connection.scope[_ENTRY]
    if entry.client is None:
        raise Unauthenticated("this service needs an API key", param=HEADER)
    return entry.client


async def identify_by_body(connection: HTTPConnection, key: str) -> None:
    """Identify a client by the key in its body, unless its headers have shown one.

    Raises:
        Unauthenticated, Forbidden, RateLimited: it is refused.
    """
    entry: Entry = connection.scope[_ENTRY]
    if entry.client is None:
        await entry.admit(connection, key or None)


def describe_access(document: dict[str, Any], paths: PathAccess) -> None:
    """Say in an OpenAPI document that the paths need a key, where the service demands keys."""
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[API_KEY_SCHEME] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a client secret (`ek_...`) where a live session begins. A service "
        "that listens on loopback only may demand none.",
    }
    for path, operations in document["paths"].items():
        needed: list[dict[str, list[str]]] = [] if paths.is_public(path) else [{API_KEY_SCHEME: []}]
        for operation in operations.values():
            operation["security"] = needed
            if scope := paths.scopes.get(path):
                operation["description"] = (
                    f"{operation.get('description', '')}\n\nNeeds a key with the scope `{scope.value}`."
                ).strip()
