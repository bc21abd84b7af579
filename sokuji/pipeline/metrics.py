"""The Prometheus metrics of the stages' calls, with their labels and buckets.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. All are measured in the gateway, as the
caller of the stages; the time inside a stage comes with its answer (``Effort``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.registry import Collector

from sokuji.contract import Effort

__all__ = ["CONTENT_TYPE", "Kind", "exposition", "record_failure", "record_response"]

Kind = Literal["final", "interim", ""]
"""Whether a recognition is of an utterance that is over; "" for the other stages."""

_GROWTH = 1.25
_SECONDS = tuple(0.001 * _GROWTH**step for step in range(50))
"""Upper bounds of buckets, 1 ms to 56 s; a quantile estimated from them is at most 25 % off."""

_registry = CollectorRegistry()
_STAGE = ("stage", "provider")

_stage = Histogram(
    "sokuji_stage_seconds",
    "Time of a call as the gateway sees it; of a voice, to its first sound.",
    (*_STAGE, "kind"),
    buckets=_SECONDS,
    registry=_registry,
)
_queue = Histogram(
    "sokuji_stage_queue_seconds",
    "Wait inside the stage before the computation began.",
    _STAGE,
    buckets=_SECONDS,
    registry=_registry,
)
_busy = Histogram(
    "sokuji_stage_busy_seconds",
    "Computation inside the stage, that of batch-mates included.",
    _STAGE,
    buckets=_SECONDS,
    registry=_registry,
)
_batch = Histogram(
    "sokuji_stage_batch_size",
    "Requests that were computed together, at most.",
    _STAGE,
    buckets=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64),
    registry=_registry,
)
_failures = Counter(
    "sokuji_stage_failures",
    "Attempts that a provider failed; another attempt, or another provider, may have answered.",
    (*_STAGE, "code"),
    registry=_registry,
)


def record_failure(stage: str, provider: str, code: str) -> None:
    """Count an attempt that failed; ``code`` is the code of its error."""
    _failures.labels(stage, provider, code).inc()


def record_response(
    stage: str, provider: str, seconds: float, effort: Effort | None, kind: Kind = ""
) -> None:
    """Record the times of an answered request; ``effort`` is None if the provider reports none.

    Args:
        seconds: from the call to the answer, or to the first chunk of speech.
    """
    _stage.labels(stage, provider, kind).observe(seconds)
    if effort is not None:
        _queue.labels(stage, provider).observe(effort.queued_s)
        _busy.labels(stage, provider).observe(effort.busy_s)
        _batch.labels(stage, provider).observe(effort.batch_size)


@dataclass(frozen=True, slots=True, eq=False)
class _Collected(Collector):
    """Metrics whose values are known at the time of the scrape."""

    metrics: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def exposition(more: Iterable[Metric] = ()) -> bytes:
    """All metrics of this process, and ``more``, in Prometheus' text format (``CONTENT_TYPE``)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(list(more)))
    return generate_latest(_registry) + generate_latest(registry)
