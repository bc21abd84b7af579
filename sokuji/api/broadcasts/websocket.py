"""The WebSocket for listeners, ``/api/v1/ws/listen`` (docs/broadcast.md).

Whoever has the id of a broadcast may listen; where keys are demanded, the operator may demand one here too.
"""

from fastapi import APIRouter
from starlette.websockets import WebSocket

from sokuji.api.broadcasts.connection import ListenerConnection
from sokuji.api.client_socket import ClientSocket
from sokuji.api.dependencies import CurrentService
from sokuji.api.handshake import accept, refuse
from sokuji.api.limits import client_address
from sokuji.errors import SokujiError
from sokuji.protocol import LISTEN_PATH

router = APIRouter()


@router.websocket(LISTEN_PATH)
async def listen(websocket: WebSocket, service: CurrentService) -> None:
    """Serve one listener."""
    if service.settings.broadcast.listeners_need_key:
        try:
            service.credentials.identify(websocket)
        except SokujiError as refusal:
            await refuse(websocket, refusal)
            return
    await accept(websocket)
    socket = ClientSocket(websocket, service.settings.limits)
    await ListenerConnection(socket, service, client_address(websocket.scope)).serve()
