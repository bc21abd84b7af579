"""The gateway's web application: all doors of one ``Service`` behind the limits that hold for all of them."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from sokuji import __version__
from sokuji.api import errors
from sokuji.api.bridge import info_routes, pipeline_routes, stage_routes, websocket
from sokuji.api.limits import BodyLimit, RateLimit, UploadLimit
from sokuji.api.service import Service
from sokuji.api.web.pages import DOCS_POLICY, PagePolicies

DESCRIPTION = """Speech in one language goes in, captions and a translated voice come out.

Live conversations go over the WebSocket `/api/v1/ws/translate`; its messages are described in `docs/api.md`.
Every failed call answers `{"error": {"code", "message", "param"}}`."""
UPLOAD_PATHS = frozenset({"/api/v1/stt/transcribe", "/api/v1/pipeline/translate-audio"})


def build_app(service: Service) -> FastAPI:
    """The ASGI application that serves ``service``; a change of ``service.settings`` takes effect at once."""
    app = FastAPIOffline(
        title="Sokuji Bridge",
        version=__version__,
        description=DESCRIPTION,
        # Swagger UI would have the document checked by a service on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )
    app.state.service = service
    app.include_router(stage_routes.router)
    app.include_router(pipeline_routes.router)
    app.include_router(info_routes.router)
    app.include_router(websocket.router)

    def body_limit(path: str) -> int:
        limits = service.settings.limits
        return limits.max_upload_bytes if path in UPLOAD_PATHS else limits.max_json_bytes

    errors.install(app)
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit, limit=body_limit, timeout_s=lambda: service.settings.limits.body_timeout_s)
    app.add_middleware(UploadLimit, paths=UPLOAD_PATHS, slot=service.upload_slot)
    app.add_middleware(RateLimit, admit=service.admit)
    app.add_middleware(errors.UnforeseenErrors)
    # Browser clients of any origin may call, as they always could; there are no cookies to be stolen.
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=["*"]
    )
    app.add_middleware(PagePolicies, policies={"/docs": DOCS_POLICY, "/redoc": DOCS_POLICY})
    return app
