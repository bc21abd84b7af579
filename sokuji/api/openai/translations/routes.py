"""The paths of live translation: the WebSocket, and client secrets for it."""

from fastapi import APIRouter
from starlette.websockets import WebSocket

from sokuji.api.client_socket import ClientSocket
from sokuji.api.dependencies import CurrentService
from sokuji.api.handshake import REALTIME_SUBPROTOCOL, RefusedHandshake, accept
from sokuji.api.limits import client_address
from sokuji.api.openai.translations.opening import BETA_SUBPROTOCOL, Opening
from sokuji.api.openai.translations.transport import TranslationTransport
from sokuji.api.session_connection import SessionConnection

router = APIRouter()


@router.websocket("/v1/realtime/translations")
async def translate_live(websocket: WebSocket, service: CurrentService) -> None:
    """Serve one client."""
    try:
        # A browser that offers the beta alone must be told, so it is chosen, and refused with an event.
        secret = await accept(websocket, service.credentials, (REALTIME_SUBPROTOCOL, BETA_SUBPROTOCOL))
    except RefusedHandshake:
        return
    settings = service.settings
    socket = ClientSocket(websocket, settings.limits, settings.openai.max_event_bytes)
    opening = Opening(websocket.query_params, websocket.scope.get("subprotocols", []), secret)
    connection = SessionConnection(TranslationTransport(socket, service, opening), service)
    await connection.serve(client_address(websocket.scope))
