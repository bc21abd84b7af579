"""One page of metrics from the registries of several processes.

Text format: https://prometheus.io/docs/instrumenting/exposition_formats/. Each process adds labels of its own
to its samples, so that those of two processes stand beside each other and never overwrite one another.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from sokuji.metrics.registry import REGISTRY

__all__ = ["CONTENT_TYPE", "Replicas", "SoleReplica", "collected", "exposition", "parsed"]

_CREATED = "_created"
"""Suffix of the times at which series began, which Prometheus does not need."""


class Replicas(Protocol):
    """The replicas of the service, all of which measure."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Of the samples of this replica."""

    async def others(self) -> list[Metric]:
        """What the other replicas have published last; samples have the labels of their replica."""


class SoleReplica:
    """A service in one process."""

    labels: Mapping[str, str] = {}

    async def others(self) -> list[Metric]:
        """None."""
        return []


def collected(more: Iterable[Metric] = (), labels: Mapping[str, str] | None = None) -> list[Metric]:
    """All metrics of this process that have samples.

    Args:
        more: metrics whose values are known at this time alone.
        labels: are added to each sample.
    """
    families = [_labelled(family, labels or {}) for family in (*REGISTRY.collect(), *more)]
    return [family for family in families if family.samples]


def parsed(text: str) -> Iterator[Metric]:
    """The metrics of a page."""
    yield from text_string_to_metric_families(text)


def exposition(families: Iterable[Metric]) -> bytes:
    """A page of metrics (``CONTENT_TYPE``); those of one name are joined."""
    joined: dict[str, Metric] = {}
    for family in families:
        known = joined.setdefault(family.name, Metric(family.name, family.documentation, family.type))
        known.samples.extend(family.samples)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(joined.values()))
    return generate_latest(registry)


def _labelled(family: Metric, labels: Mapping[str, str]) -> Metric:
    result = Metric(family.name, family.documentation, family.type)
    result.samples = [
        sample._replace(labels={**sample.labels, **labels})
        for sample in family.samples
        if not sample.name.endswith(_CREATED)
    ]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Collected(Collector):
    """Metrics that have been collected."""

    metrics: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.metrics
