"""The state of admission as ``/health`` and ``/metrics`` show it."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from pydantic import BaseModel, Field

from sokuji.admission.admission import AdmissionState
from sokuji.admission.demand import ProviderDemand
from sokuji.contract import StageName

_PROVIDER = ("stage", "provider")


class AdmissionResponse(BaseModel):
    """How many sessions this gateway replica serves, and how many it could."""

    sessions: int
    capacity: int | None = Field(
        description="Sessions that it holds if they speak as they do now; null where no provider reports it"
    )
    load: dict[StageName, float] = Field(
        description="Share of the room of each stage's fullest provider that is taken: 0 to 1"
    )
    refused: dict[str, int] = Field(description="Sessions refused since the start, by reason")


def response(state: AdmissionState) -> AdmissionResponse:
    """The state for ``/health``."""
    loads: dict[StageName, float] = {}
    for each in state.providers:
        loads[each.stage] = max(loads.get(each.stage, 0.0), round(each.load, 3))
    return AdmissionResponse(
        sessions=state.sessions, capacity=state.capacity, load=loads, refused=state.refused
    )


def families(state: AdmissionState) -> Iterator[Metric]:
    """The state for ``/metrics``."""
    yield _gauge("sokuji_sessions", "Sessions of this gateway replica.", state.sessions)
    if state.capacity is not None:
        yield _gauge("sokuji_session_capacity", "Sessions that it holds.", state.capacity)
    refused = CounterMetricFamily(
        "sokuji_sessions_refused", "New sessions that were refused.", labels=("reason",)
    )
    for reason, count in state.refused.items():
        refused.add_metric([reason], count)
    yield refused
    yield from _provider_gauges(state.providers)


def _provider_gauges(providers: Iterable[ProviderDemand]) -> Iterator[Metric]:
    gauges = (
        ("load", "Share of the room for sessions that is taken: 0 to 1.", "load"),
        ("workers", "Computations that can run at the same time; 0: not reported.", "workers"),
        ("busy_workers", "Workers that are busy with what somebody waits for.", "busy"),
        ("reserved_workers", "Workers kept free for sessions that hardly speak yet.", "reserved"),
        ("queue_wait_seconds", "Mean wait in the queue.", "wait_s"),
    )
    known = [each for each in providers if each.provider]
    for name, help_text, attribute in gauges:
        gauge = GaugeMetricFamily(f"sokuji_provider_{name}", help_text, labels=_PROVIDER)
        for each in known:
            gauge.add_metric([each.stage, each.provider], getattr(each, attribute))
        yield gauge


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, help_text)
    gauge.add_metric([], value)
    return gauge
