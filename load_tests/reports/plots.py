"""Plots: latency over the number of sessions, and latency and memory over time."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from load_tests.measurements.drift import Trend
from load_tests.measurements.load_level import LoadLevel
from load_tests.measurements.soak_findings import SoakFindings, TimeSeries
from load_tests.reports.quality_report import PairQuality
from sokuji.measure.latency import LatencyPoint

COLOURS: dict[LatencyPoint, str] = {"first audio": "#0072b2", "caption": "#d55e00"}
"""Distinguishable with colour blindness (Okabe and Ito, "Color Universal Design", 2008)."""
STYLES = {"p50": "-", "p95": "--"}


def latency_png(levels: Sequence[LoadLevel], title: str, path: Path) -> None:
    """Write p50 and p95 of the wait for captions and first audio as a PNG of 1,350 x 750 pixels.

    Levels at which nothing was answered are left out.
    """
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for point, colour in COLOURS.items():
        answered = [level for level in levels if point in level.latency_ms]
        sessions = [level.sessions for level in answered]
        for percentile, style in STYLES.items():
            waits = [getattr(level.latency_ms[point], percentile) for level in answered]
            axes.plot(sessions, waits, style, color=colour, marker="o", label=f"{point}, {percentile}")
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("sessions at once (n: sentences answered)")
    axes.set_ylabel("milliseconds from the end of speech")
    ticks = {level.sessions: f"{level.sessions}\nn={level.received}" for level in levels}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    # Zero is always visible: with clauses the voice may begin before the end of the speech, below zero.
    axes.axhline(0, color="black", linewidth=0.8)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path)


def curve_png(measured: Sequence[PairQuality], title: str, path: Path) -> None:
    """Write the quality of translations over their lag as a PNG; runs without references are left out.

    A line joins the lag that counts what had been read with that by the clock.
    """
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for each in measured:
        if each.streaming is None:
            continue
        lag = each.streaming.stream_laal
        lags_s = [lag.not_computation_aware / 1_000, lag.computation_aware / 1_000]
        (line,) = axes.plot(
            lags_s, [each.streaming.chrf] * 2, linewidth=1, label=f"{each.scores.source}: {each.run.label}"
        )
        axes.plot(lags_s[:1], [each.streaming.chrf], marker="o", color=line.get_color())
        axes.plot(lags_s[1:], [each.streaming.chrf], marker="|", color=line.get_color())
    axes.set_title(f"{title}; dot: by what had been read, bar: by the clock", loc="left", fontsize=10)
    axes.set_xlabel("StreamLAAL in seconds")
    axes.set_ylabel("chrF")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path)


def soak_png(findings: SoakFindings, path: Path) -> None:
    """Write latency and memory over time, with trends and kills, as a PNG of two diagrams."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for name, series in findings.latency_ms.items():
        _points(above, name, series, findings.trends.get(name))
    for name, series in findings.memory_mib.items():
        below.plot(*_axes_values(series), label=name, linewidth=1.5)
    above.set_ylabel("milliseconds from the end of speech")
    below.set_ylabel("memory in MiB")
    below.set_ylim(bottom=0)
    below.set_xlabel("minutes")
    for axes in (above, below):
        for kill in findings.recoveries:
            axes.axvline(kill.at_s / 60, color="0.6", linestyle=":", linewidth=1)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    if findings.recoveries:
        above.set_title("dotted: a replica is killed", loc="left", fontsize="medium")
    figure.savefig(path, dpi=110)


def _points(axes: Axes, name: str, series: TimeSeries, trend: Trend | None) -> None:
    minutes, values = _axes_values(series)
    (drawn,) = axes.plot(minutes, values, label=name, linestyle="none", marker=".", markersize=4)
    if trend is not None and minutes:
        ends = (minutes[0], minutes[-1])
        line = [trend.start + trend.per_hour * end / 60 for end in ends]
        axes.plot(ends, line, color=drawn.get_color(), linewidth=2)


def _axes_values(series: TimeSeries) -> tuple[list[float], list[float]]:
    return [at_s / 60 for at_s, _ in series], [value for _, value in series]
