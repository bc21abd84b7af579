"""The standard health service of gRPC (``grpc.health.v1.Health``), for load balancers and probes.

The service of a stage is serving while that stage is ready; the empty name, and that of sessions, while all
stages are. None is while the replica goes away.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2 import HealthCheckResponse as ServingResponse

from sokuji.api.grpc import converse, stt_service, translation_service, tts_service
from sokuji.api.grpc.call import Call
from sokuji.api.grpc.methods import Method, unary
from sokuji.api.service import Service
from sokuji.contract import StageName
from sokuji.errors import SokujiError
from sokuji.pipeline.readiness import stage_readiness

SERVICE = "grpc.health.v1.Health"
WATCH_S = 1.0
"""How often a watch looks for a change."""
_STAGES: Mapping[str, StageName | None] = MappingProxyType(
    {
        "": None,
        converse.SERVICE: None,
        stt_service.SERVICE: "stt",
        translation_service.SERVICE: "translation",
        tts_service.SERVICE: "tts",
    }
)
"""Service -> the stage that it needs; None: all."""


class UnknownService(SokujiError):
    """No service has this name."""

    code, status = "not_found", 404


def serving_status(service: Service, name: str) -> "ServingResponse.ServingStatus":
    """The state of a service by its name."""
    if name not in _STAGES:
        return ServingResponse.SERVICE_UNKNOWN
    stages, needed = stage_readiness(service.pipeline), _STAGES[name]
    ready = stages[needed] == "ready" if needed else set(stages.values()) == {"ready"}
    is_serving = ready and not service.sessions.is_draining
    return ServingResponse.SERVING if is_serving else ServingResponse.NOT_SERVING


async def _check(call: Call, request: HealthCheckRequest) -> ServingResponse:
    if request.service not in _STAGES:
        raise UnknownService(
            f"no service {request.service[:80]!r}; accepted: {', '.join(filter(None, _STAGES))}, or none",
            param="service",
        )
    return ServingResponse(status=serving_status(call.service, request.service))


async def _serve_watch(call: Call) -> None:
    request, told = await call.only(HealthCheckRequest, call.service.settings.limits.max_json_bytes), None
    while True:
        status = serving_status(call.service, request.service)
        if status != told:
            told = status
            await call.respond(ServingResponse(status=status))
        await asyncio.sleep(WATCH_S)


METHODS = {
    f"/{SERVICE}/Check": Method(unary(HealthCheckRequest, _check), access="probe"),
    f"/{SERVICE}/Watch": Method(_serve_watch, access="probe"),
}
"""Path -> method."""
