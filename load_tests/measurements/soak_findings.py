"""What a long run shows: lost sentences, drift of latency and memory, recovery from kills."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from load_tests.measurements.drift import CONFIDENCE, Trend, trend
from load_tests.measurements.load_level import LoadLevel, SentenceTiming, sentence_timings, summarise
from load_tests.measurements.service_load import MEMORY
from load_tests.scenarios.replica_kills import ReplicaKill
from load_tests.scenarios.sessions import ServiceSession
from sokuji.measure.latency import LatencyPoint

WARM_UP = 0.2
"""Share of the run, at most ``WARM_UP_MOST_S``, that is left out of trends: caches and pools fill up."""
WARM_UP_MOST_S = 300.0
LATENCIES: tuple[LatencyPoint, ...] = ("caption", "first audio", "last audio")
TOTAL = "all processes"

TimeSeries = list[tuple[float, float]]
"""Seconds since the run began, each with a value."""


@dataclass(slots=True)
class SoakRun:
    """What was recorded since ``began`` (monotonic seconds), while the sessions spoke for ``seconds``."""

    began: float
    seconds: float
    sessions: Sequence[ServiceSession] = ()
    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    """Seconds since the beginning, and MiB by deployment."""
    kills: list[ReplicaKill] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The effect of a kill on users, ``at_s`` seconds since the run began."""

    deployment: str
    at_s: float
    replaced_s: float | None
    recovered_s: float | None
    """From the kill to the complete response to the first sentence begun after it; None: none came."""
    worst_first_audio_ms: float | None
    """The longest wait for a voice among the sentences that were open at the kill or begun until recovery."""


@dataclass(frozen=True, slots=True)
class SoakFindings:
    """What follows from it."""

    level: LoadLevel
    warm_up_s: float
    latency_ms: dict[str, TimeSeries]
    memory_mib: dict[str, TimeSeries]
    trends: dict[str, Trend]
    """Of the series that were judged: latencies in ms per hour, memory in MiB per hour."""
    recoveries: list[Recovery]

    @property
    def verdict(self) -> str:
        """In one line."""
        if not self.trends:
            return "too short to judge drift"
        seen = [name for name, each in self.trends.items() if each.seen]
        return f"drift seen: {', '.join(seen)}" if seen else "no drift seen"

    def report(self) -> dict[str, Any]:
        """For JSON."""
        trends = {
            name: {
                "unit": f"{series_unit(name)} per hour",
                **asdict(each),
                "seen": each.seen,
                "would_have_been_seen": each.resolution,
            }
            for name, each in self.trends.items()
        }
        return {
            "verdict": self.verdict,
            "level": asdict(self.level),
            "warm_up_s": self.warm_up_s,
            "confidence": CONFIDENCE,
            "trends": trends,
            "kills": [asdict(each) for each in self.recoveries],
            "latency_ms": {name: _columns(each) for name, each in self.latency_ms.items()},
            "memory_kind": MEMORY,
            "memory_mib": {name: _columns(each) for name, each in self.memory_mib.items()},
        }


def series_unit(name: str) -> str:
    """The unit of a series."""
    return "ms" if name in LATENCIES else "MiB"


def findings(run: SoakRun) -> SoakFindings:
    """Judge a run.

    Memory is not judged where replicas were killed: a new process starts with empty caches, and pages that
    it had shared with others are counted for them alone meanwhile.
    """
    timings = sorted(
        (each for session in run.sessions for each in sentence_timings(session)), key=lambda each: each.ended
    )
    warm_up_s = min(WARM_UP * run.seconds, WARM_UP_MOST_S)
    latency: dict[str, TimeSeries] = {
        point: [(round(each.ended - run.began, 1), round(each.delays_ms[point])) for each in timings]
        for point in LATENCIES
    }
    memory = _memory(run.memory)
    trends = {}
    judged = latency if run.kills else latency | memory
    for name, series in judged.items():
        kept = [point for point in series if point[0] >= warm_up_s]
        if fitted := trend([at_s for at_s, _ in kept], [value for _, value in kept], len(judged)):
            trends[name] = fitted
    recoveries = [recovery(kill, timings, run.began) for kill in run.kills]
    return SoakFindings(summarise(run.sessions), warm_up_s, latency, memory, trends, recoveries)


def _memory(readings: Sequence[tuple[float, dict[str, float]]]) -> dict[str, TimeSeries]:
    """A series for each deployment, without the times at which it had no process; and one for their sum."""
    names = dict.fromkeys(name for _, reading in readings for name in reading)
    by_deployment: dict[str, TimeSeries] = {
        name: [(at_s, reading[name]) for at_s, reading in readings if name in reading] for name in names
    }
    return {**by_deployment, TOTAL: [(at_s, sum(reading.values())) for at_s, reading in readings]}


def _columns(series: TimeSeries) -> dict[str, list[float]]:
    seconds, values = ([round(point[column], 1) for point in series] for column in (0, 1))
    return {"seconds": seconds, "values": values}


def recovery(kill: ReplicaKill, timings: Sequence[SentenceTiming], began: float) -> Recovery:
    """The effect of a kill in a run that began at ``began`` (monotonic seconds)."""
    over = min((each.completed for each in timings if each.began >= kill.at), default=None)
    affected = [
        each.delays_ms["first audio"]
        for each in timings
        if each.completed > kill.at and (over is None or each.began < over)
    ]
    return Recovery(
        deployment=kill.deployment,
        at_s=round(kill.at - began, 1),
        replaced_s=None if kill.replaced_s is None else round(kill.replaced_s, 1),
        recovered_s=None if over is None else round(over - kill.at, 1),
        worst_first_audio_ms=round(max(affected)) if affected else None,
    )
