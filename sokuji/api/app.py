"""The gateway's web application: the doors of one ``Service``, and the middleware that all of them share."""

from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from sokuji import __version__
from sokuji.api import errors
from sokuji.api.authentication import Authentication
from sokuji.api.body_limits import BodyLimit, BodyPace, UploadLimit
from sokuji.api.bridge import (
    health_routes,
    info_routes,
    metrics_routes,
    pipeline_routes,
    stage_routes,
    websocket,
)
from sokuji.api.broadcasts import websocket as listening_socket
from sokuji.api.libretranslate import file_routes, text_routes
from sokuji.api.limits import RateLimit
from sokuji.api.openai import client_secrets
from sokuji.api.openai.realtime import routes as realtime_routes
from sokuji.api.openai.rest import model_routes, speech_routes, transcription_routes
from sokuji.api.openai.translations import routes as translation_routes
from sokuji.api.page_access import PageAccess
from sokuji.api.path_access import PathAccess, describe_access
from sokuji.api.path_prefix import PathPrefix
from sokuji.api.request_ids import RequestIds
from sokuji.api.request_metrics import RequestMetrics, RouteNote
from sokuji.api.service import Service
from sokuji.api.web import pages
from sokuji.api.web.pages import DOCS_POLICY, ContentSecurityPolicies
from sokuji.api.webrtc import routes as call_routes
from sokuji.config.keys import KeyScope
from sokuji.protocol import LISTEN_PATH

DESCRIPTION = """Speech in one language goes in, captions and a translated voice come out.

Live sessions use the WebSocket `/api/v1/ws/translate`; its messages are described in `docs/api.md`.
Every call that fails answers `{"error": {"code", "message", "param"}}`."""
ROUTERS = (
    stage_routes.router,
    pipeline_routes.router,
    info_routes.router,
    health_routes.router,
    metrics_routes.router,
    websocket.router,
    listening_socket.router,
    model_routes.router,
    transcription_routes.router,
    speech_routes.router,
    client_secrets.router,
    translation_routes.router,
    realtime_routes.router,
    call_routes.router,
    text_routes.router,
    file_routes.upload_router,
    file_routes.router,
    pages.router,
)
UPLOAD_PATHS = frozenset(
    {
        "/api/v1/stt/transcribe",
        "/api/v1/pipeline/translate-audio",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/translate_file",
    }
)
"""Paths whose request bodies are uploads, which have limits of their own."""

PATHS = PathAccess(
    public=frozenset(
        {
            "/",
            "/overlay",
            "/listen",
            "/health",
            "/docs",
            "/docs/oauth2-redirect",
            "/redoc",
            "/openapi.json",
            "/languages",
            "/frontend/settings",
            # The id of a broadcast is a secret; the door itself asks for a key where the operator wants one.
            LISTEN_PATH,
        }
    ),
    # The address of a file that was translated is a secret.
    public_below=("/health/", "/web/", "/static-offline-docs/", "/download_file/"),
    scopes={
        "/api/v1/stt/transcribe": KeyScope.RECORDINGS,
        "/api/v1/pipeline/translate-audio": KeyScope.RECORDINGS,
        "/v1/audio/transcriptions": KeyScope.RECORDINGS,
        "/v1/audio/translations": KeyScope.RECORDINGS,
        "/api/v1/translation/translate": KeyScope.TEXTS,
        "/api/v1/tts/synthesize": KeyScope.TEXTS,
        "/api/v1/pipeline/translate-text": KeyScope.TEXTS,
        "/v1/audio/speech": KeyScope.TEXTS,
        "/translate": KeyScope.TEXTS,
        "/detect": KeyScope.TEXTS,
        "/translate_file": KeyScope.TEXTS,
        "/api/v1/ws/translate": KeyScope.SESSIONS,
        "/v1/realtime": KeyScope.SESSIONS,
        "/v1/realtime/translations": KeyScope.SESSIONS,
        "/v1/realtime/calls": KeyScope.SESSIONS,
        "/v1/realtime/translations/calls": KeyScope.SESSIONS,
        "/v1/realtime/client_secrets": KeyScope.TOKENS,
        "/v1/realtime/translations/client_secrets": KeyScope.TOKENS,
        "/metrics": KeyScope.METRICS,
    },
    keys_in_body=frozenset({"/translate", "/detect", "/translate_file"}),
)
"""What clients need where the service demands keys."""


def build_app(service: Service, *, server_answers_with_id: bool = False) -> FastAPI:
    """The ASGI application that serves ``service``; settings that the service applies take effect at once.

    Args:
        server_answers_with_id: see ``RequestIds``.
    """
    app = FastAPIOffline(
        title="Sokuji Bridge",
        version=__version__,
        description=DESCRIPTION,
        # Without this, Swagger UI sends the document to a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
        # Ray Serve makes the span of a request, and decides whether it is sampled (sokuji.telemetry.tracing);
        # records of FastAPI would have the messages of exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)

    def body_limit(path: str) -> int:
        limits = service.settings.limits
        return limits.max_upload_bytes if path in UPLOAD_PATHS else limits.max_json_bytes

    def body_pace() -> BodyPace:
        limits = service.settings.limits
        return BodyPace(limits.body_timeout_s, limits.min_body_bytes_per_s, limits.max_body_s)

    errors.install(app)
    document = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            describe_access(document(), PATHS)
        return document()

    app.openapi = openapi  # type: ignore[method-assign]
    # The middleware that is added last sees a request first.
    app.add_middleware(RouteNote)
    app.add_middleware(BodyLimit, limit=body_limit, pace=body_pace)
    app.add_middleware(
        UploadLimit,
        paths=UPLOAD_PATHS,
        place=service.uploads.place,
        client_place=service.uploads.client_place,
    )
    app.add_middleware(Authentication, identify=service.credentials.identify, paths=PATHS)
    app.add_middleware(
        RateLimit, admit=service.admit, per_minute=lambda: service.settings.limits.requests_per_minute
    )
    app.add_middleware(errors.UnhandledErrors)
    app.add_middleware(PageAccess, settings=lambda: service.settings.access)
    app.add_middleware(ContentSecurityPolicies, policies={"/docs": DOCS_POLICY, "/redoc": DOCS_POLICY})
    app.add_middleware(RequestMetrics)
    app.add_middleware(PathPrefix)
    app.add_middleware(RequestIds, server_answers_with_id=server_answers_with_id)
    return app
