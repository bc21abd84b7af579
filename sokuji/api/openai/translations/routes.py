"""The paths of live translation: the WebSocket, and client secrets for it."""

from fastapi import APIRouter
from starlette.websockets import WebSocket

from sokuji.api.client_socket import ClientSocket
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.handshake import REALTIME_SUBPROTOCOL, accept
from sokuji.api.openai.translations.opening import BETA_SUBPROTOCOL, Opening
from sokuji.api.openai.translations.transport import TranslationTransport
from sokuji.api.session_connection import SessionConnection

router = APIRouter()


@router.websocket("/v1/realtime/translations")
async def translate_live(websocket: WebSocket, service: CurrentService, client: CurrentClient) -> None:
    """Serve one client."""
    # A browser that offers the beta alone must be told, so it is chosen, and refused with an event.
    await accept(websocket, (REALTIME_SUBPROTOCOL, BETA_SUBPROTOCOL))
    settings = service.settings
    socket = ClientSocket(websocket, settings.limits, settings.openai.max_event_bytes)
    opening = Opening(websocket.query_params, websocket.scope.get("subprotocols", []), client.session)
    await SessionConnection(TranslationTransport(socket, service, opening), service, client).serve()
