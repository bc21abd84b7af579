"""The WebSocket handshake: a subprotocol is chosen, or there is no WebSocket.

A client that may not use the service is answered with status 401 or 403. All other refusals should come after
the handshake, as an event: a browser does not show its page why a handshake failed.
"""

from collections.abc import Sequence

from starlette.websockets import WebSocket

from sokuji.api.errors import error_response
from sokuji.errors import SokujiError

REALTIME_SUBPROTOCOL = "realtime"
_DENIAL_RESPONSE = "websocket.http.response"
"""ASGI extension of servers that can answer a handshake with an HTTP response of the application."""


async def refuse(websocket: WebSocket, refusal: SokujiError) -> None:
    """Answer a handshake with the status and the body of an error; there is no WebSocket then."""
    if _DENIAL_RESPONSE in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(error_response(refusal, websocket.scope))
    else:
        await websocket.close(refusal.close_code)


async def accept(websocket: WebSocket, subprotocols: Sequence[str] = (REALTIME_SUBPROTOCOL,)) -> None:
    """Accept a client.

    Args:
        subprotocols: those of the door, the preferred one first. The first that the client offers is sent
            back: a browser closes a socket whose server chooses none of those that it has offered.
    """
    offered: list[str] = websocket.scope.get("subprotocols", [])
    await websocket.accept(next((each for each in subprotocols if each in offered), None))
