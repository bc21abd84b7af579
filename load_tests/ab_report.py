"""What the runs of an A/B test show: the figures of each, their comparison and the verdict in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.table import Table

from load_tests.compared import CONFIDENCE, Comparison, Side, Verdict, compare
from load_tests.level import Level, Session, summarise
from load_tests.usage import MEMORY
from sokuji.measure.latency import LATENCY_POINTS

STATISTICS = ("p50", "p95", "mean")
LATENCIES = tuple(f"{stage} {statistic}" for stage in LATENCY_POINTS for statistic in STATISTICS)
"""Milliseconds from the end of speech."""
CPU = "CPU s per utterance"
"""Of all processes of the service, those of Ray too."""
MEMORY_MIB = f"memory MiB ({MEMORY})"
"""The same, at the end of the run."""
FIGURES = (*LATENCIES, CPU, MEMORY_MIB)


@dataclass(frozen=True, slots=True)
class Run:
    """One service, spoken to once."""

    pair: int
    side: Side
    level: Level
    figures: Mapping[str, float]

    @classmethod
    def of(cls, pair: int, side: Side, sessions: Sequence[Session], cpu_s: float, memory_mib: float) -> "Run":
        """What the sessions of a run went through, and what that took of the machine."""
        found = summarise(sessions)
        delays = [each for session in sessions for each in session.delays_ms()]
        figures = {CPU: cpu_s / found.sent, MEMORY_MIB: memory_mib}
        for stage in LATENCY_POINTS if delays else ():
            values = [each[stage] for each in delays]
            p50, p95 = np.percentile(values, (50, 95))
            figures |= dict(
                zip(
                    (f"{stage} {each}" for each in STATISTICS),
                    (float(p50), float(p95), float(np.mean(values))),
                    strict=True,
                )
            )
        return cls(pair, side, found, figures)

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "figures": {name: round(each, 3) for name, each in self.figures.items()}}


def comparisons(runs: Sequence[Run], margin: float) -> dict[str, Comparison]:
    """Each figure that all runs have; none is comparable if a run lost or misplaced a sentence.

    Args:
        runs: one of each side for each pair, in the order of the pairs.
        margin: see ``compare``.
    """
    a, b = ([run for run in runs if run.side == side] for side in ("a", "b"))
    found = {
        name: compare([run.figures[name] for run in a], [run.figures[name] for run in b], margin)
        for name in FIGURES
        if all(name in run.figures for run in runs)
    }
    if any(faults(runs)):
        return {name: replace(each, verdict=Verdict.NOT_COMPARABLE) for name, each in found.items()}
    return found


def faults(runs: Sequence[Run]) -> Iterator[str]:
    """Which runs lost or misplaced sentences."""
    for run in runs:
        if not run.level.sound:
            yield (
                f"{run.side.upper()} lost {run.level.lost} of {run.level.sent} sentences and misplaced "
                f"{run.level.out_of_order} events in pair {run.pair + 1}"
            )


def in_words(name: str, found: Comparison) -> str:
    """The verdict on one figure."""
    words = str(found.verdict)
    return words.replace("better", "faster") if name in LATENCIES else words


def conclusion(runs: Sequence[Run], found: Mapping[str, Comparison], figure: str) -> str:
    """The verdict on the figure that decides."""
    if lost := list(faults(runs)):
        return f"{Verdict.NOT_COMPARABLE}: {'; '.join(lost)}"
    comparison = found[figure]
    told = f"{in_words(figure, comparison)} ({figure}: {_effect(comparison)})"
    if comparison.verdict is Verdict.NONE and comparison.within_margin:
        return f"{told}, and what there may be is within the margin"
    return told


def _effect(found: Comparison) -> str:
    ends = "" if found.low is None else f", {CONFIDENCE:.0%} interval {found.low:,.3g} to {found.high:,.3g}"
    return f"B {'/' if found.effect == 'ratio' else '-'} A = {found.estimate:,.3g}{ends}"


def table(found: Mapping[str, Comparison]) -> Table:
    """A row for each figure."""
    shown = Table(title="Median of the runs, and B against A in pairs", title_justify="left", box=SIMPLE)
    for heading in ("figure", "A", "B", "", f"{CONFIDENCE:.0%} interval", "verdict"):
        shown.add_column(heading, justify="right")
    for name, each in found.items():
        sign, places = ("×", ".3f") if each.effect == "ratio" else ("+", ",.1f")
        interval = "-" if each.low is None else f"{each.low:{places}} to {each.high:{places}}"
        unit = "ms" if name in LATENCIES else ""
        shown.add_row(
            f"{name} {unit}".strip(),
            f"{each.a:,.4g}",
            f"{each.b:,.4g}",
            f"{sign} {each.estimate:{places}}",
            interval,
            in_words(name, each),
        )
    return shown
