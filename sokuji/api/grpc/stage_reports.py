"""``HealthCheck`` and ``GetMetrics``, which the services of all stages have."""

from collections.abc import Callable

from google.protobuf.message import Message

from sokuji.api.grpc.call import Call
from sokuji.api.grpc.methods import Method, report
from sokuji.config.keys import KeyScope
from sokuji.contract import StageName
from sokuji.metrics.stages import stage_totals
from sokuji.pipeline.readiness import stage_readiness
from sokuji.proto.common_pb2 import HealthCheckResponse, MetricsResponse


def stage_methods(service: str, stage: StageName, languages: Callable[[Call], Message]) -> dict[str, Method]:
    """Path -> method, of those that the services of all stages have.

    Args:
        service: full name of the service.
        languages: answers ``GetSupportedLanguages``.
    """
    return {
        f"/{service}/GetSupportedLanguages": Method(report(languages)),
        f"/{service}/HealthCheck": Method(report(lambda call: _health(call, stage)), access="probe"),
        f"/{service}/GetMetrics": Method(report(lambda call: _metrics(stage)), KeyScope.METRICS),
    }


def _health(call: Call, name: StageName) -> HealthCheckResponse:
    pipeline = call.service.pipeline
    status = stage_readiness(pipeline)[name]
    (stage,) = [each for each in pipeline.stages if each.name == name]
    ready = [each.provider for each in stage.statuses if each.state == "ready"]
    return HealthCheckResponse(
        healthy=status == "ready" and not call.service.sessions.is_draining,
        status=status,
        provider_name=next(iter(ready), ""),
        details={each.provider: each.state for each in stage.statuses},
    )


def _metrics(stage: StageName) -> MetricsResponse:
    totals = stage_totals(stage)
    answered = sum(totals.answers.values())
    duration_ms = 1_000 * totals.seconds
    return MetricsResponse(
        total_requests=answered + totals.failures,
        total_errors=totals.failures,
        avg_duration_ms=duration_ms / answered if answered else 0.0,
        total_duration_ms=duration_ms,
        additional={f"requests.{provider}": str(count) for provider, count in totals.answers.items()},
    )
