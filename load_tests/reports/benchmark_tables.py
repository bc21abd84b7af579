"""What a benchmark measured, for a terminal of 120 columns."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from load_tests.measurements.door_comparison import DoorComparison, compare_doors, median_ratio
from load_tests.measurements.service_load import CORES, MEMORY, MeasuredLevel, undersampled
from load_tests.measurements.stage_times import DurationSummary, StageTimes
from load_tests.reports.report import UNKNOWN, Columns, columns_table, known, milliseconds, table
from sokuji.measure.latency import LATENCY_POINTS

Rows = Iterator[Sequence[str] | None]
SESSIONS: Columns[MeasuredLevel] = {
    "sessions": lambda each: each.label,
    "let in": lambda each: f"{each.level.sessions - each.level.refused:,}",
    "refused": lambda each: f"{each.level.refused:,}",
    "within": lambda each: known(each.level.refused_within_ms, "{:,.0f} ms"),
}
SENTENCES: Columns[MeasuredLevel] = {
    "sessions": lambda each: each.label,
    "sent": lambda each: f"{each.level.sent:,}",
    "answered": lambda each: f"{each.level.received:,}",
    "unspoken": lambda each: f"{each.level.unspoken:,}",
    "lost": lambda each: f"{each.level.lost:,}",
    "out of order": lambda each: f"{each.level.out_of_order:,}",
    "errors": lambda each: f"{sum(each.level.errors.values()):,}",
    "resumed": lambda each: f"{each.level.resumptions:,}",
    "in real time": lambda each: f"{each.level.in_real_time:,}",
    "most behind": lambda each: f"{each.level.behind_ms:,.0f} ms",
    "client CPU": lambda each: f"{each.client_cpu_share:.0%}",
}
LATENCY = ("sessions", "n", "percentile", *LATENCY_POINTS)
STAGES = ("sessions", "stage", "provider", "kind", "calls", "call", "queue wait", "computing", "mean batch")
DOORS = ("sessions", "bridge", "openai", "ratio")
USAGE = ("sessions", "deployment", "CPU s", f"of {CORES} cores", f"{MEMORY}, MiB")


def tables(measured: Sequence[MeasuredLevel]) -> Iterator[RenderableType]:
    """Latency, what the stages did, and what the deployments used."""
    if any(each.level.refused for each in measured):
        yield columns_table("Sessions; all else is of those that were let in", SESSIONS, measured)
    yield columns_table("Sentences, and whether this client kept the pace of speech", SENTENCES, measured)
    yield table("Milliseconds from the end of speech", LATENCY, _latency(measured))
    if any(undersampled(each.level.received) for each in measured):
        yield "~ lies between the two slowest: there were too few sentences (n) for more\n"
    if compared := compare_doors(measured):
        yield table("First audio by door: median milliseconds", DOORS, _doors(compared))
        yield f"median of the ratios: {median_ratio(compared):.3f}\n"
    left = ("stage", "provider", "kind")
    yield table("Stages: milliseconds, p50 / p95", STAGES, _stages(measured), left=left)
    if any(each.usage is not None for each in measured):
        yield table("Processor time and memory", USAGE, _usage(measured), left=("deployment",))
    else:
        yield "Processor time and memory are measured of a service that is started here, not with --url."


def _latency(measured: Sequence[MeasuredLevel]) -> Rows:
    for each in measured:
        level = each.level
        labels = [each.label, f"{level.received:,}"]
        for percentile in ("p50", "p95", "p99"):
            form = "{:,.0f}" + ("~" if percentile in undersampled(level.received) else " ")
            delays = [getattr(level.latency_ms.get(point), percentile, None) for point in LATENCY_POINTS]
            yield (*labels, percentile, *(known(ms, form) for ms in delays))
            labels = ["", ""]
        yield None


def _doors(compared: Sequence[DoorComparison]) -> Rows:
    for each in compared:
        yield (
            f"{each.sessions:,}", f"{each.bridge_ms:,.0f}", f"{each.openai_ms:,.0f}", f"{each.ratio:.3f}"
        )  # fmt: skip


def _stages(measured: Sequence[MeasuredLevel]) -> Rows:
    """A row for each provider and kind of call; waits and batches of all kinds together."""
    for each in measured:
        rows = [row for stage in each.stages or () for row in _stage_rows(stage)] or [[UNKNOWN] * 8]
        yield from _labelled(each, rows)


def _stage_rows(stage: StageTimes) -> Iterator[list[str]]:
    shared = [_duration(stage.queue), _duration(stage.busy), known(stage.batch_size, "{:.2f}")]
    for kind, calls in stage.calls.items():
        yield [stage.stage, stage.provider, kind, f"{calls.count:,}", _duration(calls), *shared]
        shared = ["", "", ""]


def _duration(summary: DurationSummary | None) -> str:
    return UNKNOWN if summary is None else milliseconds(summary.p50, summary.p95)


def _usage(measured: Sequence[MeasuredLevel]) -> Rows:
    """A row for each deployment, and one for their sum."""
    for each in measured:
        used: dict[str, tuple[float, ...]] = {
            name: (one.cpu_s, one.cpu_share, one.memory_mib) for name, one in (each.usage or {}).items()
        }
        used["all"] = tuple(map(sum, zip(*used.values(), strict=True))) or (0.0, 0.0, 0.0)
        rows = (
            [name, f"{cpu:,.1f}", f"{share:.1%}", f"{mib:,.0f}"] for name, (cpu, share, mib) in used.items()
        )
        yield from _labelled(each, rows)


def _labelled(measured: MeasuredLevel, rows: Iterable[Sequence[str]]) -> Rows:
    """The rows of one level as a section, the first one with its number of sessions."""
    label = measured.label
    for row in rows:
        yield label, *row
        label = ""
    yield None
