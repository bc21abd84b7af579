"""Health: for people (``/health``), and for supervisors and load balancers, which read the status alone."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.status import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from sokuji import languages
from sokuji.api.bridge import admission_report
from sokuji.api.bridge.responses import HealthResponse
from sokuji.api.dependencies import CurrentService
from sokuji.api.errors import UNKNOWN_FIELD_RESPONSE, UNKNOWN_LANGUAGE_RESPONSE
from sokuji.contract import StageName
from sokuji.pipeline.readiness import StageReadiness, stage_readiness, unready_pair

router = APIRouter(prefix="/health", tags=["About"])


class LivenessResponse(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class ReadinessQuery(BaseModel):
    """For what the service must be ready."""

    model_config = ConfigDict(extra="forbid")

    source: str | None = Field(None, description="Language that is spoken; left out: any")
    target: str | None = Field(None, description="Language to translate to; left out: any")
    speak: bool = Field(True, description="Whether `target` needs a voice as well")
    stage: StageName | None = Field(None, description="Ask for this stage alone")


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


@router.get("/ready", responses=UNKNOWN_FIELD_RESPONSE | UNKNOWN_LANGUAGE_RESPONSE | _UNREADY_RESPONSE)
async def ready(
    service: CurrentService, response: Response, asked: Annotated[ReadinessQuery, Query()]
) -> ReadinessResponse:
    """200 if a translation would work now, 503 if not: for load balancers. How full it is does not matter.

    With `target` it is that of this language or pair, with `stage` that of this stage. Otherwise all stages
    must be ready.
    """
    source = None if asked.source is None else languages.parse(asked.source, "source")
    target = None if asked.target is None else languages.parse(asked.target, "target")
    stages = stage_readiness(service.pipeline)
    starting = "starting" in stages.values()
    reason = None
    if service.sessions.is_draining:
        reason = "this replica is shutting down"
    elif not starting:
        reason = unready_pair(service.pipeline, source, target, speak=asked.speak)
    if asked.stage is not None:
        needed = {stages[asked.stage]}
    else:
        # A pair may need less than all stages, and more of one of them than that a provider of it works.
        needed = set() if target is not None and not starting else {*stages.values()}
    is_ready = reason is None and needed <= {"ready"}
    response.status_code = HTTP_200_OK if is_ready else HTTP_503_SERVICE_UNAVAILABLE
    return ReadinessResponse(status="ready" if is_ready else "unready", stages=stages, reason=reason)
