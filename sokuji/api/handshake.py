"""The WebSocket handshake of the doors under ``/v1``: the credential is verified, a subprotocol is chosen.

A credential that is not accepted is answered with status 401, and there is no WebSocket. All other refusals
should come after the handshake, as an event: a browser does not show its page why a handshake failed.
"""

from collections.abc import Sequence

from starlette.websockets import WebSocket

from sokuji.api.credentials import ClientSecret, Credentials
from sokuji.api.errors import error_response
from sokuji.errors import SokujiError, Unauthenticated

REALTIME_SUBPROTOCOL = "realtime"
_DENIAL_RESPONSE = "websocket.http.response"
"""ASGI extension of servers that can answer a handshake with an HTTP response of the application."""


class RefusedHandshake(Exception):
    """The client has been refused; nothing is left to do for it."""


async def refuse(websocket: WebSocket, refusal: SokujiError) -> None:
    """Answer a handshake with the status and the body of an error; there is no WebSocket then."""
    if _DENIAL_RESPONSE in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(error_response(refusal, websocket.scope))
    else:
        await websocket.close(refusal.close_code)


async def accept(
    websocket: WebSocket,
    credentials: Credentials,
    subprotocols: Sequence[str] = (REALTIME_SUBPROTOCOL,),
) -> ClientSecret | None:
    """Accept a client; returns what ``Credentials.verify`` does.

    Args:
        subprotocols: those of the door, the preferred one first. The first that the client offers is sent
            back: a browser closes a socket whose server chooses none of those that it has offered.

    Raises:
        RefusedHandshake: the credential is not accepted; the client has been told.
    """
    try:
        secret = credentials.verify(websocket)
    except Unauthenticated as refusal:
        await refuse(websocket, refusal)
        raise RefusedHandshake from None
    offered: list[str] = websocket.scope.get("subprotocols", [])
    await websocket.accept(next((each for each in subprotocols if each in offered), None))
    return secret
