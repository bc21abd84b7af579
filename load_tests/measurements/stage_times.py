"""What the stages did meanwhile: the gateway's ``/metrics``, read before and after.

Counters of a process only ever grow; the difference of two readings is what happened between them. The times
are the gateway's own: of a call as it sees it, of the wait inside a replica and of the computing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from sokuji.client.handshake import endpoint

CALL, QUEUE, BUSY, BATCH = (
    "sokuji_stage_seconds",
    "sokuji_stage_queue_seconds",
    "sokuji_stage_busy_seconds",
    "sokuji_stage_batch_size",
)
ORDER = ("stt", "translation", "tts")


class Series(NamedTuple):
    """Which histogram: its metric and its labels; ``kind`` is "" where the metric has no such label."""

    metric: str
    stage: str
    provider: str
    kind: str


@dataclass(slots=True)
class Histogram:
    """A histogram as Prometheus has it."""

    total: float = 0
    """Sum of all values."""
    at_most: dict[float, float] = field(default_factory=dict)
    """Upper bound, the last one infinite -> how many values do not exceed it."""

    @property
    def count(self) -> int:
        """How many values it has seen."""
        return int(self.at_most.get(inf, 0))

    def since(self, before: "Histogram") -> "Histogram":
        """What was added after ``before``."""
        added = {bound: seen - before.at_most.get(bound, 0) for bound, seen in self.at_most.items()}
        return Histogram(self.total - before.total, added)

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all do not exceed, as Prometheus' ``histogram_quantile`` estimates it.

        Values are taken to lie evenly in their bucket; those beyond the last bound are taken to lie on it.
        """
        rank, below, lower = share * self.count, 0.0, 0.0
        for bound, seen in sorted(self.at_most.items()):
            if seen >= rank and seen > below:
                return lower if bound == inf else lower + (bound - lower) * (rank - below) / (seen - below)
            below, lower = seen, bound
        return lower


Scrape = Mapping[Series, Histogram]


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds; mean exact, percentiles as exact as the buckets are narrow."""

    count: int
    mean: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class StageTimes:
    """What one provider of a stage did."""

    stage: str
    provider: str
    calls: Mapping[str, Spread]
    """Time of a call, by kind: "final" and "interim" for recognition, "" for everything else."""
    queue: Spread | None
    """Wait inside the replica."""
    busy: Spread | None
    """Computing, of the whole batch that a call was part of."""
    batch_size: float | None
    """Mean."""


def read(text: str) -> Scrape:
    """The stage histograms of a page of metrics in Prometheus' text format."""
    found: dict[Series, Histogram] = {}
    for family in text_string_to_metric_families(text):
        if family.name not in (CALL, QUEUE, BUSY, BATCH):
            continue
        for sample in family.samples:
            labels = sample.labels
            series = Series(family.name, labels["stage"], labels["provider"], labels.get("kind", ""))
            histogram = found.setdefault(series, Histogram())
            if sample.name.endswith("_bucket"):
                histogram.at_most[float(labels["le"])] = sample.value
            elif sample.name.endswith("_sum"):
                histogram.total = sample.value
    return found


async def scrape(url: str) -> Scrape | None:
    """The stage histograms of the service at ``url``; None if it has none, or does not answer."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        try:
            answer = await client.get(endpoint(url, "/metrics", "http"))
        except httpx.TransportError:
            return None
    return (read(answer.text) or None) if answer.is_success else None


def between(before: Scrape | None, after: Scrape | None) -> list[StageTimes] | None:
    """What happened between two readings; None if that cannot be said.

    It cannot if there are no metrics, or if they are not of one process: a gateway was restarted, or another
    replica of it answered.
    """
    if after is None:
        return None
    added = {series: now.since((before or {}).get(series, Histogram())) for series, now in after.items()}
    if (before or {}).keys() - after.keys() or any(each.count < 0 for each in added.values()):
        return None
    added = {series: each for series, each in added.items() if each.count}
    providers = dict.fromkeys((each.stage, each.provider) for each in added if each.metric == CALL)
    in_order = sorted(providers, key=lambda each: ORDER.index(each[0]) if each[0] in ORDER else len(ORDER))
    return [_of(added, stage, provider) for stage, provider in in_order]


def _of(added: Scrape, stage: str, provider: str) -> StageTimes:
    queue, busy, batches = (added.get(Series(metric, stage, provider, "")) for metric in (QUEUE, BUSY, BATCH))
    return StageTimes(
        stage=stage,
        provider=provider,
        calls={
            each.kind: _spread(histogram)
            for each, histogram in sorted(added.items())
            if each[:3] == (CALL, stage, provider)
        },
        queue=_spread(queue) if queue else None,
        busy=_spread(busy) if busy else None,
        batch_size=round(batches.total / batches.count, 2) if batches else None,
    )


def _spread(histogram: Histogram) -> Spread:
    mean, p50, p95 = (
        round(1_000 * seconds, 1)
        for seconds in (
            histogram.total / histogram.count,
            histogram.quantile(0.5),
            histogram.quantile(0.95),
        )
    )
    return Spread(histogram.count, mean, p50, p95)
