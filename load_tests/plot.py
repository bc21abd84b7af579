"""Latency against the number of sessions, as a picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from load_tests.level import Level
from sokuji.measure.latency import LatencyPoint

COLOURS: dict[LatencyPoint, str] = {"first audio": "#0072b2", "caption": "#d55e00"}
"""Told apart by the colour-blind as well (Okabe and Ito, "Color Universal Design", 2008)."""
STYLES = {"p50": "-", "p95": "--"}


def latency_png(levels: Sequence[Level], title: str, path: Path) -> None:
    """Writes p50 and p95 of the wait for captions and first audio as a PNG of 1,350 x 750 pixels.

    Levels at which nothing was answered are left out.
    """
    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for stage, colour in COLOURS.items():
        answered = [level for level in levels if stage in level.latency_ms]
        for percentile, style in STYLES.items():
            waits = [getattr(level.latency_ms[stage], percentile) for level in answered]
            sessions = [level.sessions for level in answered]
            axes.plot(sessions, waits, style, color=colour, marker="o", label=f"{stage}, {percentile}")
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("sessions at once (n: sentences answered)")
    axes.set_ylabel("milliseconds from the end of speech")
    ticks = {level.sessions: f"{level.sessions}\nn={level.received}" for level in levels}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    # Zero is always in the picture. By clauses the voice may come before the end of the speech, so below it.
    axes.axhline(0, color="black", linewidth=0.8)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path)
