"""The picture of a soak test: latency and memory over time, with their trends and what was killed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from load_tests.drift import Trend
from load_tests.soak_report import Series


def draw(
    path: Path,
    latency_ms: Mapping[str, Series],
    memory_mib: Mapping[str, Series],
    trends: Mapping[str, Trend],
    kills_s: Sequence[float],
) -> None:
    """Write a PNG with two diagrams, one below the other.

    Args:
        latency_ms, memory_mib: by name, one line or cloud of points for each.
        trends: of those of them that have one, by the same names.
        kills_s: when replicas were killed.
    """
    figure = Figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _panel(above, latency_ms, trends, points=True)
    above.set_ylabel("milliseconds from the end of speech")
    _panel(below, memory_mib, trends, points=False)
    below.set_ylabel("memory in MiB")
    below.set_ylim(bottom=0)
    below.set_xlabel("minutes")
    for axes in (above, below):
        for at_s in kills_s:
            axes.axvline(at_s / 60, color="0.6", linestyle=":", linewidth=1)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    if kills_s:
        above.set_title("dotted: a replica is killed", loc="left", fontsize="medium")
    figure.savefig(path, dpi=110)


def _panel(axes: Axes, series: Mapping[str, Series], trends: Mapping[str, Trend], *, points: bool) -> None:
    for name, (seconds, values) in series.items():
        minutes = [each / 60 for each in seconds]
        style = {"linestyle": "none", "marker": ".", "markersize": 4} if points else {"linewidth": 1.5}
        (drawn,) = axes.plot(minutes, values, label=name, **style)
        if points and name in trends and minutes:
            line = [
                trends[name].start + trends[name].per_hour * end / 60 for end in (minutes[0], minutes[-1])
            ]
            axes.plot((minutes[0], minutes[-1]), line, color=drawn.get_color(), linewidth=2)
