"""``WS /v1/realtime``: ``?model=`` for conversations, ``?intent=transcription`` for transcription."""

import time
from functools import partial

from fastapi import APIRouter
from starlette.websockets import WebSocket

from sokuji.access.principal import Principal
from sokuji.api.client_socket import ClientSocket
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.handshake import REALTIME_SUBPROTOCOL, accept
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.realtime import session_settings
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.dialects import Beta
from sokuji.api.openai.realtime.session_config import SessionConfig, SessionType
from sokuji.api.openai.realtime.transport import RealtimeTransport
from sokuji.api.openai.wire import JSONObject
from sokuji.api.service import Service
from sokuji.api.session_connection import SessionConnection
from sokuji.errors import InvalidRequest, NotSupported

router = APIRouter()

BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
BETA_HEADER = "realtime=v1"


@router.websocket("/v1/realtime")
async def realtime(websocket: WebSocket, service: CurrentService, client: CurrentClient) -> None:
    """Serve one client."""
    await accept(websocket, (REALTIME_SUBPROTOCOL, BETA_SUBPROTOCOL))
    limits = service.settings.limits
    transport = RealtimeTransport(
        ClientSocket(websocket, limits, service.settings.openai.max_event_bytes),
        partial(_configuration, websocket, service, client),
        Beta() if _is_beta(websocket) else None,
        partial(rate_limits, client),
        limits.idle_timeout_s,
    )
    await SessionConnection(transport, service, client).serve()


def _is_beta(websocket: WebSocket) -> bool:
    offered: list[str] = websocket.scope.get("subprotocols", [])
    return BETA_SUBPROTOCOL in offered or BETA_HEADER in websocket.headers.get("openai-beta", "")


def _configuration(websocket: WebSocket, service: Service, client: Principal) -> Configuration:
    """What the client asks for in its URL and with its client secret.

    Raises:
        InvalidRequest: an intent, a model or a session that is not served.
    """
    query = websocket.query_params
    if "call_id" in query:
        raise NotSupported("call_id: a call has the events of its own data channel", param="call_id")
    model, intent = query.get("model"), query.get("intent")
    if intent not in (None, "transcription"):
        raise InvalidRequest(
            f"intent {intent[:40]!r} is not served at this path; accepted: transcription", param="intent"
        )
    config = SessionConfig(type=_session_type(model, intent, service), model=model or None)
    if client.session is not None:
        config = config.updated(client.session)
    session_settings.providers(config, service)
    expires_at = int(time.time() + service.settings.limits.max_session_s)
    return Configuration(service, client, config, expires_at)


def _session_type(model: str | None, intent: str | None, service: Service) -> SessionType:
    if intent is not None:
        return "transcription"
    if not model:
        return "realtime"
    ids = ModelIds(service.pipeline.catalogue, service.settings.openai.aliases)
    return "transcription" if ids.find(model).purpose == "stt" else "realtime"


def rate_limits(client: Principal) -> list[JSONObject]:
    """The content of ``rate_limits.updated``: requests and sockets of the client's key, or of its address."""
    allowance = next((each for each in client.allowances if each.name == "requests"), None)
    return (
        []
        if allowance is None
        else [
            {
                "name": "requests",
                "limit": allowance.limit,
                "remaining": allowance.remaining,
                "reset_seconds": round(allowance.reset_s, 3),
            }
        ]
    )
