"""What the service measures of itself, for Prometheus: one place for every metric, its labels and buckets.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. The gateway measures the stages from
where their answers are waited for; what an answer took inside its stage comes along with it (``Effort``).
"""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from sokuji.contract import Effort

__all__ = ["CONTENT_TYPE", "Kind", "answered", "exposition", "failed"]

Kind = Literal["final", "interim", ""]
"""Of a recognition; "" for the other stages."""

_GROWTH = 1.25
_SECONDS = tuple(0.001 * _GROWTH**step for step in range(50))
"""Bounds of buckets, 1 ms to 56 s: a quantile read from them is at most 25 % off."""

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


def failed(stage: str, provider: str, code: str) -> None:
    """Count an attempt that brought no answer; ``code`` is that of its error."""
    _failures.labels(stage, provider, code).inc()


def answered(stage: str, provider: str, seconds: float, effort: Effort | None, kind: Kind = "") -> None:
    """Count an answer of a stage; ``effort`` is None where the provider tells nothing of it."""
    _stage.labels(stage, provider, kind).observe(seconds)
    if effort is not None:
        _queue.labels(stage, provider).observe(effort.queued_s)
        _busy.labels(stage, provider).observe(effort.busy_s)
        _batch.labels(stage, provider).observe(effort.batch_size)


def exposition() -> bytes:
    """All metrics of this process, in Prometheus' text format (``CONTENT_TYPE``)."""
    return generate_latest(_registry)
