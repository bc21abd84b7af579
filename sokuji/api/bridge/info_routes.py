"""The service about itself: its start page, and what it can do (bridge API, version 1)."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sokuji import __version__, languages
from sokuji.api.bridge.responses import (
    InfoResponse,
    RootResponse,
    provider_responses,
    voice_responses,
)
from sokuji.api.dependencies import CurrentService
from sokuji.api.errors import FAILURE_RESPONSES
from sokuji.api.web.pages import page
from sokuji.pipeline.language_candidates import unusable_languages

router = APIRouter(tags=["About"])


@router.get("/", response_model=RootResponse, responses={200: {"content": {"text/html": {}}}})
async def root(request: Request) -> Response:
    """Name, version and documentation; for a browser, a page to translate in."""
    if "text/html" in request.headers.get("accept", ""):
        return page("index", request.scope)
    body = RootResponse(
        message="Sokuji Bridge", version=__version__, docs=f"{request.scope.get('root_path', '')}/docs"
    )
    return JSONResponse(body.model_dump(), headers={"Vary": "Accept"})


@router.get("/api/v1/info", responses=FAILURE_RESPONSES)
async def info(service: CurrentService) -> InfoResponse:
    """Versions, providers and models, languages, voices, limits and defaults."""
    catalogue = service.pipeline.catalogue
    text_pairs, speech_pairs, voices = catalogue.text_pairs, catalogue.speech_pairs, catalogue.voices
    codes = {code for pair in text_pairs + speech_pairs for code in pair} | set(catalogue.spoken)
    codes |= {code for voice in voices for code in voice.languages}
    return InfoResponse(
        name="Sokuji Bridge",
        version=__version__,
        api_version="v1",
        providers={stage.name: provider_responses(stage.statuses) for stage in service.pipeline.stages},
        text_pairs=text_pairs,
        speech_pairs=speech_pairs,
        languages={code: languages.LANGUAGES[code].name for code in sorted(codes)},
        unusable_languages=sorted(unusable_languages(catalogue)),
        voices=voice_responses(voices),
        limits=service.settings.limits,
        streaming=service.settings.streaming,
    )
