"""Who sends a request, checked before anything of its body is read, for all doors and all paths.

It is plain ASGI middleware: a door cannot forget it. A refusal has the status and the shape of the path, 401
or 403, and there is no WebSocket then. What a client may still use stands in the headers of the responses.

Clients of LibreTranslate show their key in the body: there, the door hands it over when it has read that, and
has no client before.
"""

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from sokuji.access.key_ring import HEADER
from sokuji.access.principal import Principal
from sokuji.api.credentials import shows_credential
from sokuji.api.errors import error_response
from sokuji.api.handshake import refuse
from sokuji.api.limits import add_allowances, allowance_of_address
from sokuji.api.path_access import PathAccess
from sokuji.api.path_prefix import route_path
from sokuji.config.keys import KeyScope
from sokuji.errors import SokujiError, Unauthenticated

_ENTRY = "sokuji.entry"


Identify = Callable[[HTTPConnection, str | None], Principal]
"""The client of a connection, which shows a key beside its headers, or None; raises ``SokujiError``."""


class Entry:
    """A request on its way in, and its client once that is known."""

    def __init__(self, identify: Identify, needed: KeyScope | None) -> None:
        self.client: Principal | None = None
        self.failed = False
        """Whether the service could not do what was asked."""
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

    def telling(self, send: Send) -> Send:
        """A ``send`` that notes failures, and tells the client what it may still use."""

        async def send_with_allowances(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.failed = message["status"] >= 500
                add_allowances(message, self.client.allowances if self.client else ())
            await send(message)

        return send_with_allowances


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
        if scope["type"] == "http":
            # Not of sockets, of which every frame would pass here.
            send = entry.telling(send)
        try:
            await entry.admit(connection)
        except SokujiError as refusal:
            in_body = path in self._paths.keys_in_body and not shows_credential(connection)
            if not (in_body and isinstance(refusal, Unauthenticated)):
                await _refuse(refusal, scope, receive, send)
                return
        try:
            await self._app({**scope, _ENTRY: entry}, receive, send)
        except Exception:
            entry.failed = True
            raise
        finally:
            if entry.client is not None:
                await entry.client.settle(failed=entry.failed)


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
