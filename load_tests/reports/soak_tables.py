"""The findings of ``soak`` on the terminal."""

from collections.abc import Iterator

from rich.console import RenderableType

from load_tests.measurements.drift import Trend
from load_tests.measurements.soak_findings import Recovery, SoakFindings, series_unit
from load_tests.reports.report import Columns, columns_table, known

SHORT_S = 1_800.0
"""Below this, changes per hour are an extrapolation that needs a warning."""
TRENDS: Columns[tuple[str, Trend]] = {
    "": lambda row: row[0],
    "median": lambda row: f"{row[1].level:,.0f} {series_unit(row[0])}",
    "per hour": lambda row: f"{row[1].per_hour:+,.1f} {series_unit(row[0])}",
    "95 % interval of all together": lambda row: f"{row[1].low:+,.1f} to {row[1].high:+,.1f}",
    "seen": lambda row: "yes" if row[1].seen else "no",
    "would have been seen": lambda row: f"{row[1].resolution:,.1f} {series_unit(row[0])}",
}
KILLS: Columns[Recovery] = {
    "deployment": lambda each: each.deployment,
    "at s": lambda each: f"{each.at_s:,.0f}",
    "new process": lambda each: known(each.replaced_s, "{:.1f}"),
    "response to a new sentence": lambda each: known(each.recovered_s, "{:.1f}"),
    "longest wait for a voice": lambda each: known(each.worst_first_audio_ms, "{:,.0f} ms"),
}


def parts(results: SoakFindings, seconds: float) -> Iterator[RenderableType]:
    """Losses, trends, kills and the verdict of a run of ``seconds``."""
    level = results.level
    losses = f"{level.sent} sentences, {level.lost} lost, {level.out_of_order} twice or out of order"
    errors = ", ".join(f"{count} {code}" for code, count in level.errors.items()) or "no errors"
    yield f"{losses}, {level.resumptions} resumptions, {errors}"
    title = f"Change per hour, without the first {results.warm_up_s:g} s"
    yield columns_table(title, TRENDS, results.trends.items())
    if results.recoveries:
        yield "Memory is not judged: replicas were replaced."
        yield columns_table("Replicas killed; seconds from the kill", KILLS, results.recoveries)
    if seconds < SHORT_S:
        yield f"Changes per hour are extrapolated from {seconds / 60:g} minutes."
    yield results.verdict
