"""The findings of ``soak`` on the terminal."""

from collections.abc import Iterator

from rich.console import RenderableType

from load_tests.measurements.drift import Trend
from load_tests.measurements.soak_findings import Recovery, SoakFindings, unit
from load_tests.reports.report import UNKNOWN, table

SHORT_S = 1_800.0
"""Below this, changes per hour are an extrapolation that needs a warning."""


def parts(found: SoakFindings, seconds: float) -> Iterator[RenderableType]:
    """Losses, trends, kills and the verdict of a run of ``seconds``."""
    level = found.level
    losses = f"{level.sent} sentences, {level.lost} lost, {level.out_of_order} twice or out of order"
    errors = ", ".join(f"{count} {code}" for code, count in level.errors.items()) or "no errors"
    yield f"{losses}, {level.resumptions} resumptions, {errors}"
    yield table(
        f"Change per hour, without the first {found.warm_up_s:g} s",
        ("", "median", "per hour", "95 % interval of all together", "seen", "would have been seen"),
        map(_trend, found.trends, found.trends.values()),
    )
    if found.recoveries:
        yield "Memory is not judged: replicas were replaced."
        yield table(
            "Replicas killed; seconds from the kill",
            ("deployment", "at s", "new process", "response to a new sentence", "longest wait for a voice"),
            map(_kill, found.recoveries),
        )
    if seconds < SHORT_S:
        yield f"Changes per hour are extrapolated from {seconds / 60:g} minutes."
    yield found.verdict


def _trend(name: str, each: Trend) -> tuple[str, ...]:
    return (
        name,
        f"{each.level:,.0f} {unit(name)}",
        f"{each.per_hour:+,.1f} {unit(name)}",
        f"{each.low:+,.1f} to {each.high:+,.1f}",
        "yes" if each.seen else "no",
        f"{each.resolution:,.1f} {unit(name)}",
    )


def _kill(each: Recovery) -> tuple[str, ...]:
    worst = each.worst_first_audio_ms
    return (
        each.deployment,
        f"{each.at_s:,.0f}",
        UNKNOWN if each.replaced_s is None else f"{each.replaced_s:.1f}",
        UNKNOWN if each.recovered_s is None else f"{each.recovered_s:.1f}",
        UNKNOWN if worst is None else f"{worst:,.0f} ms",
    )
