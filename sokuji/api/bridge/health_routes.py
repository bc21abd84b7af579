"""Health: for people (``/health``), and for supervisors and load balancers, which read the status alone."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from starlette.status import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from sokuji import languages
from sokuji.api.bridge import admission_report
from sokuji.api.bridge.responses import HealthResponse
from sokuji.api.dependencies import CurrentService
from sokuji.api.errors import UNKNOWN_LANGUAGE_RESPONSE
from sokuji.contract import StageName
from sokuji.pipeline.readiness import StageReadiness, stage_readiness, unready_pair

router = APIRouter(prefix="/health", tags=["About"])


class LivenessResponse(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class ReadinessResponse(BaseModel):
    """Whether a translation would work now."""

    status: Literal["ready", "unready"]
    stages: dict[StageName, StageReadiness]
    reason: str | None = Field(description="Why not, beyond the states of the stages")


@router.get("")
async def health(service: CurrentService) -> HealthResponse:
    """Which stages are ready, as of the last refresh, and how full they are. The status is always 200."""
    states = service.pipeline.health
    ready = all(state == "ready" for state in states.values())
    return HealthResponse(
        status="healthy" if ready else "degraded",
        services=states,
        admission=admission_report.response(service.admission.state),
    )


@router.get("/live")
async def live() -> LivenessResponse:
    """200 while the gateway answers, whatever the stages do: otherwise it should be restarted."""
    return LivenessResponse()


_UNREADY_RESPONSE: dict[int | str, dict[str, Any]] = {
    HTTP_503_SERVICE_UNAVAILABLE: {"model": ReadinessResponse, "description": "A translation would fail"}
}


@router.get("/ready", responses=UNKNOWN_LANGUAGE_RESPONSE | _UNREADY_RESPONSE)
async def ready(
    service: CurrentService,
    response: Response,
    source: Annotated[str | None, Query(description="Language that is spoken; left out: any")] = None,
    target: Annotated[str | None, Query(description="Language to translate to; left out: any")] = None,
    speak: Annotated[bool, Query(description="Whether `target` needs a voice as well")] = True,
) -> ReadinessResponse:
    """200 if a translation would work now, 503 if not: for load balancers. How full it is does not matter.

    With `target` it is that of this language or pair, otherwise all stages must be ready.
    """
    source = None if source is None else languages.parse(source, "source")
    target = None if target is None else languages.parse(target, "target")
    stages = stage_readiness(service.pipeline)
    reason = None
    if service.sessions.is_draining:
        reason = "this replica is shutting down"
    elif "starting" not in stages.values():
        reason = unready_pair(service.pipeline, source, target, speak=speak)
    # A pair may need less than all stages, and more of one of them than that a provider of it works.
    enough = target is not None and "starting" not in stages.values()
    is_ready = reason is None and (enough or all(each == "ready" for each in stages.values()))
    response.status_code = HTTP_200_OK if is_ready else HTTP_503_SERVICE_UNAVAILABLE
    return ReadinessResponse(status="ready" if is_ready else "unready", stages=stages, reason=reason)
