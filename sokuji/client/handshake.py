"""Opens and closes the WebSocket to a service, and turns failures and close codes into errors."""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from sokuji.client.messages import refusal_of
from sokuji.errors import InvalidRequest, SokujiError
from sokuji.protocol import SOCKET_PATH

DEFAULT_URL = "http://127.0.0.1:8000"
API_KEY_VARIABLE = "SOKUJI_API_KEY"
MAX_MESSAGE_BYTES = 16 * 2**20
"""The largest message that the service's proxy passes on."""
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0

_CLOSE_REASONS: dict[int, str] = {
    CloseCode.NORMAL_CLOSURE: "it ended the conversation before all audio was processed",
    CloseCode.GOING_AWAY: "it is being stopped; connect again in a moment",
    CloseCode.ABNORMAL_CLOSURE: "the connection was lost: the service was stopped or the network failed",
    CloseCode.POLICY_VIOLATION: "it does not accept what was sent",
    CloseCode.MESSAGE_TOO_BIG: "a message was too large",
    CloseCode.INTERNAL_ERROR: "it failed; its log says why",
    CloseCode.SERVICE_RESTART: "it is being restarted; connect again in a moment",
    CloseCode.TRY_AGAIN_LATER: "it is full for now; connect again later",
}
_NOT_READY_STATUSES = (500, 502, 503, 504)
"""HTTP statuses of a refused handshake: Serve's proxy sends 500 when it is full, other proxies the rest."""


class ServiceUnreachable(SokujiError):
    """No conversation could be opened."""

    code = "service_unreachable"


class ServiceNotReady(ServiceUnreachable):
    """The service is full or still starting."""


class ConnectionLost(SokujiError):
    """The service or the network closed the connection before the conversation was over.

    Args:
        closed_with: the close code (RFC 6455, section 7.4).
    """

    code = "connection_lost"

    def __init__(self, message: str, closed_with: int) -> None:
        super().__init__(message)
        self.closed_with = closed_with


def endpoint(url: str, path: str, scheme: Literal["http", "ws"]) -> str:
    """The address of ``path`` on the service at ``url``, which may have any of the schemes http(s) and ws(s).

    Raises:
        InvalidRequest: ``url`` is not the address of a service.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https", "ws", "wss") and parts.hostname and parts.port != 0
    except ValueError:  # Unbalanced brackets, or a port that is no number up to 65535.
        valid = False
    if not valid:
        raise InvalidRequest(
            f"{url!r} is not the address of a service; an example is {DEFAULT_URL}", param="url"
        )
    secure = "s" if parts.scheme in ("https", "wss") else ""
    base = parts.path.rstrip("/").removesuffix(SOCKET_PATH)
    return urlunsplit((scheme + secure, parts.netloc, base + path, "", ""))


def authorization(api_key: str | None = None) -> dict[str, str]:
    """The header that shows an API key; without a key, that of the environment, if there is one."""
    key = api_key or os.environ.get(API_KEY_VARIABLE, "")
    return {"Authorization": f"Bearer {key}"} if key else {}


async def open_socket(url: str, path: str = SOCKET_PATH, api_key: str | None = None) -> ClientConnection:
    """An open WebSocket to the service at ``url``; ``path`` may have a query.

    Args:
        api_key: None: see ``authorization``.

    Raises:
        InvalidRequest: ``url`` is not the address of a service.
        Unauthenticated, Forbidden, RateLimited: the service refuses the key, or the lack of one.
        ServiceNotReady: the service is full or still starting.
        ServiceUnreachable: nothing answers there, or a server without this API; the message says what to do.
    """
    try:
        return await connect(
            endpoint(url, path, "ws"),
            additional_headers=authorization(api_key),
            compression=None,  # Deflate does not make audio smaller.
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
        )
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        if status in _NOT_READY_STATUSES:
            raise ServiceNotReady(
                f"the service at {url} is full or still starting; try again shortly"
            ) from None
        if (error := refusal_of(bytes(refusal.response.body or b""))) is not None:
            raise error from None
        raise ServiceUnreachable(
            f"{url} answered with HTTP status {status} instead of opening a conversation; "
            "is it a Sokuji Bridge?"
        ) from None
    except (OSError, WebSocketException) as error:
        raise unreachable(url, error) from None


def unreachable(url: str, error: Exception) -> ServiceUnreachable:
    """The error for a service that does not answer; ``error`` is what the network reported."""
    code = error.errno if isinstance(error, OSError) else None
    reason = str(error).partition("\n")[0] if code not in errno.errorcode else os.strerror(code or 0).lower()
    return ServiceUnreachable(
        f"no service answers at {url} ({reason}); start one with 'make run' or 'serve run serve_config.yaml'"
    )


async def received_messages(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    """Messages in the order received, until the connection closes.

    Raises:
        ConnectionLost: the connection has closed, for whatever reason; the message explains the close code.
    """
    while True:
        try:
            yield await socket.recv()
        except ConnectionClosed as closed:
            raise _connection_lost(closed) from None


async def close_socket(socket: ClientConnection) -> None:
    """Close the connection and discard the messages that still arrive.

    They must be read: the service's close frame comes behind them.
    """

    async def drain() -> None:
        with contextlib.suppress(ConnectionLost):
            async for _ in received_messages(socket):
                pass

    await asyncio.gather(socket.close(), drain())


def _connection_lost(closed: ConnectionClosed) -> ConnectionLost:
    code, reason = CloseCode.ABNORMAL_CLOSURE.value, ""
    if closed.rcvd:
        code, reason = int(closed.rcvd.code), closed.rcvd.reason
    meaning = _CLOSE_REASONS.get(code, "it gave no known reason")
    return ConnectionLost(
        f"the service closed the connection ({code}{reason and ' ' + reason}): {meaning}", code
    )
