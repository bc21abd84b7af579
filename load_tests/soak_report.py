"""What a long run has shown: what was lost, what drifts, and what users felt when a replica died."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from load_tests.drift import CONFIDENCE, Trend, trend
from load_tests.faults import Kill, Recovery, Sentence, answered, recovery
from load_tests.level import Level, Session, summarise
from load_tests.usage import MEMORY
from sokuji.measure.latency import LatencyPoint

WARM_UP = 0.2
"""Share of the run, at most ``WARM_UP_MOST_S``, that is left out of trends: caches and pools fill up."""
WARM_UP_MOST_S = 300.0
LATENCIES: tuple[LatencyPoint, ...] = ("caption", "first audio", "last audio")
TOTAL = "all processes"

Series = tuple[list[float], list[float]]
"""Seconds since the run began, and a value at each."""


@dataclass(slots=True)
class Run:
    """What a run has given."""

    began: float
    """Monotonic seconds."""
    seconds: float
    """How long people spoke."""
    sessions: Sequence[Session] = ()
    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    """Seconds since it began, and MiB by deployment."""
    kills: list[Kill] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Findings:
    """What it means."""

    level: Level
    warm_up_s: float
    latency_ms: dict[str, Series]
    """By stage."""
    memory_mib: dict[str, Series]
    """By deployment."""
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


def findings(run: Run) -> Findings:
    """Judge a run.

    Memory is not judged where replicas were killed: each begins anew, and what it had shared with others is
    theirs alone meanwhile.
    """
    spoken = answered(run.sessions)
    warm_up_s = min(WARM_UP * run.seconds, WARM_UP_MOST_S)
    latency: dict[str, Series] = {stage: _latency(spoken, stage, run.began) for stage in LATENCIES}
    memory = _memory(run.memory)
    judged = latency if run.kills else latency | memory
    trends = {name: trend(*_after(warm_up_s, each), series=len(judged)) for name, each in judged.items()}
    return Findings(
        level=summarise(run.sessions),
        warm_up_s=warm_up_s,
        latency_ms=latency,
        memory_mib=memory,
        trends={name: each for name, each in trends.items() if each is not None},
        recoveries=[recovery(kill, spoken, run.began) for kill in run.kills],
    )


def _latency(spoken: Sequence[Sentence], stage: LatencyPoint, began: float) -> Series:
    return [round(each.ended - began, 1) for each in spoken], [
        round(each.delays_ms[stage]) for each in spoken
    ]


def _memory(samples: Sequence[tuple[float, dict[str, float]]]) -> dict[str, Series]:
    """A series for each deployment, without the moments at which it had no process; and one for their sum."""
    names = dict.fromkeys(name for _, sample in samples for name in sample)
    found: dict[str, Series] = {}
    for name in names:
        known = [(seconds, sample[name]) for seconds, sample in samples if name in sample]
        found[name] = [seconds for seconds, _ in known], [mib for _, mib in known]
    found[TOTAL] = [at_s for at_s, _ in samples], [sum(sample.values()) for _, sample in samples]
    return found


def _after(seconds: float, series: Series) -> Series:
    kept = [(at_s, value) for at_s, value in zip(*series, strict=True) if at_s >= seconds]
    return [at_s for at_s, _ in kept], [value for _, value in kept]


def figures(found: Findings) -> dict[str, Any]:
    """The findings, ready for JSON."""
    return {
        "verdict": found.verdict,
        "level": asdict(found.level),
        "warm_up_s": found.warm_up_s,
        "confidence": CONFIDENCE,
        "trends": {
            name: {
                "unit": f"{'ms' if name in LATENCIES else 'MiB'} per hour",
                **asdict(each),
                "seen": each.seen,
                "would_have_been_seen": each.resolution,
            }
            for name, each in found.trends.items()
        },
        "kills": [asdict(each) for each in found.recoveries],
        "latency_ms": {name: _columns(each) for name, each in found.latency_ms.items()},
        "memory_kind": MEMORY,
        "memory_mib": {name: _columns(each) for name, each in found.memory_mib.items()},
    }


def _columns(series: Series) -> dict[str, list[float]]:
    seconds, values = series
    return {"seconds": [round(each, 1) for each in seconds], "values": [round(each, 1) for each in values]}
