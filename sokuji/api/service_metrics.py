"""What one gateway replica has measured, and what it knows at the time of the scrape: sessions, providers."""

from collections.abc import Iterable, Iterator
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from sokuji.admission.admission import AdmissionState
from sokuji.admission.demand import ProviderDemand
from sokuji.api.service import Service
from sokuji.broadcast.relay import Relay
from sokuji.metrics.exposition import collected
from sokuji.pipeline.circuit_breaker import State as CircuitState
from sokuji.pipeline.served_stages import ServedStages

_PROVIDER = ("stage", "provider")


def replica_metrics(service: Service) -> list[Metric]:
    """All metrics of this process, with the labels of its replica."""
    present = (
        *_admission(service.admission.state),
        *_providers(service.pipeline),
        *_broadcasts(service.relay),
    )
    return collected(present, service.replicas.labels)


def _admission(state: AdmissionState) -> Iterator[Metric]:
    yield _gauge("sokuji_sessions", "Sessions of this gateway replica.", state.sessions)
    if state.capacity is not None:
        yield _gauge("sokuji_session_capacity", "Sessions that it holds.", state.capacity)
    refused = CounterMetricFamily(
        "sokuji_sessions_refused", "New sessions that were refused.", labels=("reason",)
    )
    for reason, count in state.refused.items():
        refused.add_metric([reason], count)
    yield refused
    yield from _demand(state.providers)


def _providers(stages: ServedStages) -> Iterator[Metric]:
    up = GaugeMetricFamily("sokuji_provider_up", "Whether the provider answers: 0 or 1.", labels=_PROVIDER)
    circuits = GaugeMetricFamily(
        "sokuji_provider_circuit_state",
        "1 for the state of the circuit breaker, 0 for the others.",
        labels=(*_PROVIDER, "state"),
    )
    for stage in stages.stages:
        for status in stage.statuses:
            up.add_metric([stage.name, status.provider], status.state == "ready")
            for state in get_args(CircuitState):
                circuits.add_metric([stage.name, status.provider, state], status.circuit == state)
    yield up
    yield circuits


def _broadcasts(relay: Relay) -> Iterator[Metric]:
    listeners = GaugeMetricFamily(
        "sokuji_listeners", "Listeners of broadcasts at this gateway replica.", labels=("output",)
    )
    voiced = sum(seat.voice for seat in relay.seats)
    listeners.add_metric(["audio"], voiced)
    listeners.add_metric(["captions"], len(relay.seats) - voiced)
    yield listeners
    yield _gauge("sokuji_broadcasts", "Broadcasts that they listen to.", relay.broadcasts)
    languages = len({seat.language for seat in relay.seats})
    yield _gauge("sokuji_listener_languages", "Languages in which they listen.", languages)


def _demand(providers: Iterable[ProviderDemand]) -> Iterator[Metric]:
    gauges = (
        ("sokuji_provider_load", "Share of the room for sessions that is taken: 0 to 1.", "load"),
        (
            "sokuji_provider_workers",
            "Computations that can run at the same time; 0: not reported.",
            "workers",
        ),
        ("sokuji_provider_busy_workers", "Workers that are busy with what somebody waits for.", "busy"),
        (
            "sokuji_provider_reserved_workers",
            "Workers kept free for sessions that hardly speak yet.",
            "reserved",
        ),
        ("sokuji_provider_queue_wait_seconds", "Mean wait in the queue.", "wait_s"),
    )
    known = [each for each in providers if each.provider]
    for name, help_text, attribute in gauges:
        gauge = GaugeMetricFamily(name, help_text, labels=_PROVIDER)
        for each in known:
            gauge.add_metric([each.stage, each.provider], getattr(each, attribute))
        yield gauge


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, help_text)
    gauge.add_metric([], value)
    return gauge
