"""How the client reaches a service and what it says when it cannot: addresses, handshake, close codes."""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from sokuji.errors import InvalidRequest, SokujiError

DEFAULT_URL = "http://127.0.0.1:8000"
SOCKET_PATH = "/api/v1/ws/translate"
MAX_MESSAGE_BYTES = 16 * 2**20
"""What the service's proxy lets through."""
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0

ABNORMAL_CLOSURE = 1006
_CLOSED = {
    1000: "it ended the conversation before all of it was answered",
    1001: "it is being stopped; connect again in a moment",
    ABNORMAL_CLOSURE: "the connection broke off; the service was stopped or the network failed",
    1008: "it does not accept what was sent",
    1009: "a message was too large",
    1011: "it failed; its log says why",
    1012: "it is being restarted; connect again in a moment",
    1013: "it is full for now; connect again later",
}


_NOT_READY = (500, 502, 503, 504)
"""HTTP statuses of a handshake for which there is no place: Serve's proxy answers 500, others the rest."""


class ServiceUnreachable(SokujiError):
    """No conversation could be opened."""

    code = "service_unreachable"


class ServiceNotReady(ServiceUnreachable):
    """There is a service, but it is full, or still starting."""


class ConnectionLost(SokujiError):
    """The service was there, but closed the connection before the conversation was over.

    Args:
        closed_with: the close code (RFC 6455, section 7.4).
    """

    code = "connection_lost"

    def __init__(self, message: str, closed_with: int) -> None:
        super().__init__(message)
        self.closed_with = closed_with


def endpoint(url: str, path: str, scheme: Literal["http", "ws"]) -> str:
    """The address of ``path`` on the service at ``url``, whichever of http(s) and ws(s) that is written with.

    Raises:
        InvalidRequest: not such an address.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https", "ws", "wss") and parts.hostname and parts.port != 0
    except ValueError:  # Brackets that do not match, or a port that is no number up to 65535.
        valid = False
    if not valid:
        raise InvalidRequest(f"{url!r} is no address of a service; one looks like {DEFAULT_URL}", param="url")
    secure = "s" if parts.scheme in ("https", "wss") else ""
    base = parts.path.rstrip("/").removesuffix(SOCKET_PATH)
    return urlunsplit((scheme + secure, parts.netloc, base + path, "", ""))


async def dial(url: str) -> ClientConnection:
    """An open socket to the service at ``url``.

    Raises:
        ServiceNotReady: it is full, or still starting.
        ServiceUnreachable: nothing answers there, or not with this API; the message says what to do.
    """
    try:
        return await connect(
            endpoint(url, SOCKET_PATH, "ws"),
            compression=None,  # Deflate does nothing for sound.
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
        )
    except InvalidStatus as refusal:
        if refusal.response.status_code in _NOT_READY:
            raise ServiceNotReady(
                f"the service at {url} is full or still starting; try again shortly"
            ) from None
        raise ServiceUnreachable(
            f"{url} answered with HTTP status {refusal.response.status_code} instead of opening a "
            "conversation; is it a Sokuji Bridge?"
        ) from None
    except (OSError, WebSocketException) as error:
        raise unreachable(url, error) from None


def unreachable(url: str, error: Exception) -> ServiceUnreachable:
    """The error for a service that does not answer, from what the network said."""
    code = error.errno if isinstance(error, OSError) else None
    reason = str(error).partition("\n")[0] if code not in errno.errorcode else os.strerror(code or 0).lower()
    return ServiceUnreachable(
        f"no service answers at {url} ({reason}); start one with 'make run' or 'serve run serve_config.yaml'"
    )


async def messages(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    """Messages until the connection closes.

    Raises:
        ConnectionLost: always, in the end; the message says what the close code means.
    """
    while True:
        try:
            yield await socket.recv()
        except ConnectionClosed as closed:
            raise lost(closed) from None


async def hang_up(socket: ClientConnection) -> None:
    """Close the connection. What still comes is thrown away: the answer to the close lies behind it."""

    async def drain() -> None:
        with contextlib.suppress(ConnectionLost):
            async for _ in messages(socket):
                pass

    await asyncio.gather(socket.close(), drain())


def lost(closed: ConnectionClosed) -> ConnectionLost:
    """The error for a connection that has closed."""
    code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (ABNORMAL_CLOSURE, "")
    meaning = _CLOSED.get(code, "it gave no known reason")
    return ConnectionLost(
        f"the service closed the connection ({code}{reason and ' ' + reason}): {meaning}", code
    )
