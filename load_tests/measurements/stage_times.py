"""What the stages did during a measurement: the service's ``/metrics``, read before and after.

Counters of a process only grow, so the difference of two readings is what happened between them. The times
are the gateway's own: of a call as the gateway sees it, of the wait inside a replica and of the computing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from sokuji.client.handshake import endpoint

CALL = "sokuji_stage_seconds"
QUEUE, BUSY, BATCH = "sokuji_stage_queue_seconds", "sokuji_stage_busy_seconds", "sokuji_stage_batch_size"
ORDER = ("stt", "translation", "tts")


class HistogramKey(NamedTuple):
    """A histogram's metric and labels; ``kind`` is "" where the metric has no such label."""

    metric: str
    stage: str
    provider: str
    kind: str = ""


@dataclass(slots=True)
class Histogram:
    """A Prometheus histogram."""

    total: float = 0
    at_most: dict[float, float] = field(default_factory=dict)
    """Upper bound, the last one infinite -> how many values do not exceed it."""

    @property
    def count(self) -> int:
        """Of values."""
        return int(self.at_most.get(inf, 0))

    def since(self, before: "Histogram") -> "Histogram":
        """What was added after ``before``."""
        added = {bound: count - before.at_most.get(bound, 0) for bound, count in self.at_most.items()}
        return Histogram(self.total - before.total, added)

    def quantile(self, share: float) -> float:
        """The value that ``share`` of all do not exceed, as Prometheus' ``histogram_quantile`` estimates it.

        Values are taken to be spread evenly in their bucket; those beyond the last bound to lie on it.
        """
        rank, below, lower = share * self.count, 0.0, 0.0
        for bound, count in sorted(self.at_most.items()):
            if count >= rank and count > below:
                return lower if bound == inf else lower + (bound - lower) * (rank - below) / (count - below)
            below, lower = count, bound
        return lower


Scrape = Mapping[HistogramKey, Histogram]


@dataclass(frozen=True, slots=True)
class DurationSummary:
    """Milliseconds; the mean is exact, percentiles are as exact as the buckets are narrow."""

    count: int
    mean: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class StageTimes:
    """What one provider of a stage did."""

    stage: str
    provider: str
    calls: Mapping[str, DurationSummary]
    """Duration of a call, by kind: "final" and "interim" for recognition, "" for everything else."""
    queue: DurationSummary | None
    """Wait inside the replica."""
    busy: DurationSummary | None
    """Computing, of the whole batch that a call was part of."""
    batch_size: float | None


def parse_metrics(text: str) -> Scrape:
    """The stage histograms of a page of metrics in Prometheus' text format, of all gateways together."""
    parsed_histograms: dict[HistogramKey, Histogram] = {}
    for family in text_string_to_metric_families(text):
        if family.name not in (CALL, QUEUE, BUSY, BATCH):
            continue
        for sample in family.samples:
            labels = sample.labels
            key = HistogramKey(family.name, labels["stage"], labels["provider"], labels.get("kind", ""))
            histogram = parsed_histograms.setdefault(key, Histogram())
            if sample.name.endswith("_bucket"):
                bound = float(labels["le"])
                histogram.at_most[bound] = histogram.at_most.get(bound, 0) + sample.value
            elif sample.name.endswith("_sum"):
                histogram.total += sample.value
    return parsed_histograms


async def scrape(url: str) -> Scrape:
    """The stage histograms of the service at ``url``; none if it has none, or does not answer."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        try:
            response = await client.get(endpoint(url, "/metrics", "http"))
        except httpx.TransportError:
            return {}
    return parse_metrics(response.text) if response.is_success else {}


def between(before: Scrape, after: Scrape) -> list[StageTimes] | None:
    """What happened between two readings.

    None if there are no metrics, or if a gateway was restarted between the readings.
    """
    added = {key: now.since(before.get(key, Histogram())) for key, now in after.items()}
    if not after or before.keys() - after.keys() or any(each.count < 0 for each in added.values()):
        return None
    added = {key: each for key, each in added.items() if each.count}
    providers = dict.fromkeys((each.stage, each.provider) for each in added if each.metric == CALL)
    in_order = sorted(providers, key=lambda each: ORDER.index(each[0]) if each[0] in ORDER else len(ORDER))
    return [_stage_times(added, stage, provider) for stage, provider in in_order]


def _stage_times(added: Scrape, stage: str, provider: str) -> StageTimes:
    calls = {key.kind: each for key, each in sorted(added.items()) if key[:3] == (CALL, stage, provider)}
    batches = added.get(HistogramKey(BATCH, stage, provider))
    return StageTimes(
        stage=stage,
        provider=provider,
        calls={kind: _summary(each) for kind, each in calls.items()},
        queue=_summary(added[key]) if (key := HistogramKey(QUEUE, stage, provider)) in added else None,
        busy=_summary(added[key]) if (key := HistogramKey(BUSY, stage, provider)) in added else None,
        batch_size=round(batches.total / batches.count, 2) if batches else None,
    )


def _summary(seconds: Histogram) -> DurationSummary:
    """Of a histogram with at least one value."""
    figures = (seconds.total / seconds.count, seconds.quantile(0.5), seconds.quantile(0.95))
    return DurationSummary(seconds.count, *(round(1_000 * each, 1) for each in figures))
