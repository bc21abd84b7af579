"""What the service tells of itself: whether it is well, what it can do, and where its pages are."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sokuji import __version__, languages
from sokuji.api.bridge.dependencies import UsedService
from sokuji.api.bridge.responses import Health, ServiceInfo, Welcome, providers_in_use, voice_bodies
from sokuji.api.errors import FAILURES
from sokuji.api.web.pages import web_page
from sokuji.pipeline import metrics

router = APIRouter(tags=["About"])


@router.get("/", response_model=Welcome, responses={200: {"content": {"text/html": {}}}})
async def root(request: Request) -> Response:
    """Where things are; for a browser, a page to try them."""
    if "text/html" in request.headers.get("accept", ""):
        return web_page()
    welcome = Welcome(message="Sokuji Bridge", version=__version__, docs="/docs")
    return JSONResponse(welcome.model_dump(), headers={"Vary": "Accept"})


@router.get("/health")
async def health(service: UsedService) -> Health:
    """Which stages are ready, without asking them. The status is 200 in any case."""
    states = service.pipeline.health
    well = all(state == "ready" for state in states.values())
    return Health(status="healthy" if well else "degraded", services=states)


@router.get("/metrics", response_class=Response, responses={200: {"content": {metrics.CONTENT_TYPE: {}}}})
async def prometheus() -> Response:
    """Times of the stages, in Prometheus' text format."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


@router.get("/api/v1/info", responses=FAILURES)
async def info(service: UsedService) -> ServiceInfo:
    """Versions, providers and models, languages, voices, limits and defaults."""
    catalogue = service.pipeline.catalogue
    text_pairs, speech_pairs, voices = catalogue.text_pairs, catalogue.speech_pairs, catalogue.voices
    codes = {code for pair in text_pairs + speech_pairs for code in pair} | set(catalogue.spoken)
    codes |= {code for voice in voices for code in voice.languages}
    return ServiceInfo(
        name="Sokuji Bridge",
        version=__version__,
        api_version="v1",
        providers={stage.name: providers_in_use(stage.statuses) for stage in service.pipeline.stages},
        text_pairs=text_pairs,
        speech_pairs=speech_pairs,
        languages={code: languages.LANGUAGES[code].name for code in sorted(codes)},
        voices=voice_bodies(voices),
        limits=service.settings.limits,
        streaming=service.settings.streaming,
    )
