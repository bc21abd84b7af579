"""The runs of an A/B test: the figures of each, their comparison and the verdict in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from rich.table import Table

from load_tests.measurements.load_level import LoadLevel, sentence_timings, summarise
from load_tests.measurements.paired_comparison import CONFIDENCE, Comparison, Side, Verdict, compare
from load_tests.measurements.service_load import MEMORY
from load_tests.reports.report import UNKNOWN, Columns, columns_table, known
from load_tests.scenarios.sessions import ServiceSession
from sokuji.measure.latency import LATENCY_POINTS

STATISTICS = ("p50", "p95", "mean")
LATENCIES = tuple(f"{point} {statistic}" for point in LATENCY_POINTS for statistic in STATISTICS)
"""Milliseconds from the end of speech."""
CPU = "CPU s per utterance"
"""Of all processes of the service, those of Ray too."""
MEMORY_MIB = f"memory MiB ({MEMORY})"
"""The same, at the end of the run."""
FIGURES = (*LATENCIES, CPU, MEMORY_MIB)


@dataclass(frozen=True, slots=True)
class ABRun:
    """One service, measured once."""

    pair: int
    side: Side
    level: LoadLevel
    figures: Mapping[str, float]

    @classmethod
    def of(
        cls, pair: int, side: Side, sessions: Sequence[ServiceSession], cpu_s: float, memory_mib: float
    ) -> "ABRun":
        """The figures of a run from its sessions and what all processes used."""
        level = summarise(sessions)
        delays = [each.delays_ms for session in sessions for each in sentence_timings(session)]
        figures = {CPU: cpu_s / level.sent, MEMORY_MIB: memory_mib}
        for point in LATENCY_POINTS if delays else ():
            values = [each[point] for each in delays]
            statistics = (*np.percentile(values, (50, 95)), np.mean(values))
            names = (f"{point} {statistic}" for statistic in STATISTICS)
            figures |= dict(zip(names, map(float, statistics), strict=True))
        return cls(pair, side, level, figures)

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "figures": {name: round(each, 3) for name, each in self.figures.items()}}


def comparisons(runs: Sequence[ABRun], margin: float) -> dict[str, Comparison]:
    """Each figure that all runs have; none is comparable if a run lost or misplaced a sentence.

    ``runs`` are in the order of the pairs; ``margin`` is that of ``compare``.
    """
    a, b = ([run for run in runs if run.side == side] for side in ("a", "b"))
    compared = {
        name: compare([run.figures[name] for run in a], [run.figures[name] for run in b], margin)
        for name in FIGURES
        if all(name in run.figures for run in runs)
    }
    if faults(runs):
        return {name: replace(each, verdict=Verdict.NOT_COMPARABLE) for name, each in compared.items()}
    return compared


def faults(runs: Sequence[ABRun]) -> list[str]:
    """The runs that lost or misplaced sentences."""
    return [
        f"{run.side.upper()} lost {run.level.lost} of {run.level.sent} sentences and misplaced "
        f"{run.level.out_of_order} events in pair {run.pair + 1}"
        for run in runs
        if not run.level.sound
    ]


def in_words(name: str, comparison: Comparison) -> str:
    """The verdict on one figure."""
    words = str(comparison.verdict)
    return words.replace("better", "faster") if name in LATENCIES else words


def conclusion(runs: Sequence[ABRun], compared: Mapping[str, Comparison], figure: str) -> str:
    """The verdict on the figure that decides."""
    if lost := faults(runs):
        return f"{Verdict.NOT_COMPARABLE}: {'; '.join(lost)}"
    comparison = compared[figure]
    operator = "/" if comparison.effect == "ratio" else "-"
    interval = _interval(comparison, "{:,.3g}")
    ends = f", {CONFIDENCE:.0%} interval {interval}" if interval != UNKNOWN else ""
    words = f"{in_words(figure, comparison)} ({figure}: B {operator} A = {comparison.estimate:,.3g}{ends})"
    if comparison.verdict is Verdict.NONE and comparison.within_margin:
        return f"{words}, and any difference is within the margin"
    return words


PLACES = {"ratio": "{:.3f}", "difference": "{:,.1f}"}
SIGNS = {"ratio": "×", "difference": "+"}
FIGURE_COLUMNS: Columns[tuple[str, Comparison]] = {
    "figure": lambda row: f"{row[0]} ms" if row[0] in LATENCIES else row[0],
    "A": lambda row: f"{row[1].a:,.4g}",
    "B": lambda row: f"{row[1].b:,.4g}",
    "": lambda row: f"{SIGNS[row[1].effect]} {known(row[1].estimate, PLACES[row[1].effect])}",
    f"{CONFIDENCE:.0%} interval": lambda row: _interval(row[1], PLACES[row[1].effect]),
    "verdict": lambda row: in_words(*row),
}


def comparison_table(compared: Mapping[str, Comparison]) -> Table:
    """A row for each figure."""
    return columns_table("Median of the runs, and B against A in pairs", FIGURE_COLUMNS, compared.items())


def _interval(each: Comparison, form: str) -> str:
    return UNKNOWN if each.low is None else f"{known(each.low, form)} to {known(each.high, form)}"
