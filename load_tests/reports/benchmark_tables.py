"""What a benchmark measured, for a terminal of 120 columns."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from load_tests.measurements.machine_usage import MEMORY
from load_tests.measurements.service_load import CORES, MeasuredLevel, undersampled
from load_tests.measurements.stage_times import DurationSummary, StageTimes
from load_tests.reports.report import UNKNOWN, milliseconds, table
from sokuji.measure.latency import LATENCY_POINTS

PERCENTILES = ("p50", "p95", "p99")
Rows = Iterator[Sequence[str] | None]


def tables(measured: Sequence[MeasuredLevel]) -> Iterator[RenderableType]:
    """Latency, what the stages did, and what the deployments used."""
    yield table(
        "Sentences, and whether this client kept the pace of speech",
        (
            *("sessions", "sent", "answered", "lost", "out of order", "errors", "error rate", "resumed"),
            *("in real time", "most behind", "client CPU"),
        ),
        map(_sentences, measured),
    )
    headings = ("sessions", "n", "percentile", *LATENCY_POINTS)
    yield table("Milliseconds from the end of speech", headings, _latency(measured))
    if any(undersampled(each.level.received) for each in measured):
        yield "~ lies between the two slowest: there were too few sentences (n) for more\n"
    yield table(
        "Stages: milliseconds, p50 / p95",
        ("sessions", "stage", "provider", "kind", "calls", "call", "queue wait", "computing", "mean batch"),
        _stages(measured),
        left=("stage", "provider", "kind"),
    )
    if any(each.usage is not None for each in measured):
        headings = ("sessions", "deployment", "CPU s", f"of {CORES} cores", f"{MEMORY}, MiB")
        yield table("Processor time and memory", headings, _usage(measured), left=("deployment",))
    else:
        yield "Processor time and memory are measured of a service that is started here, not with --url."


def _sentences(each: MeasuredLevel) -> Sequence[str]:
    level = each.level
    counts = (level.sessions, level.sent, level.received, level.lost, level.out_of_order)
    return (
        *(f"{count:,}" for count in counts),
        *(f"{sum(level.errors.values()):,}", f"{each.error_rate:.1%}", f"{level.resumptions:,}"),
        *(f"{level.in_real_time:,}", f"{level.behind_ms:,.0f} ms", f"{each.client_cpu_share:.0%}"),
    )


def _latency(measured: Sequence[MeasuredLevel]) -> Rows:
    """Three rows for each level, one for each percentile."""
    for level in (each.level for each in measured):
        labels = [f"{level.sessions:,}", f"{level.received:,}"]
        for percentile in PERCENTILES:
            mark = "~" if percentile in undersampled(level.received) else " "
            delays = (getattr(level.latency_ms.get(point), percentile, None) for point in LATENCY_POINTS)
            yield (*labels, percentile, *(UNKNOWN if ms is None else f"{ms:,.0f}{mark}" for ms in delays))
            labels = ["", ""]
        yield None


def _stages(measured: Sequence[MeasuredLevel]) -> Rows:
    """A row for each provider and kind of call; waits and batches of all kinds together."""
    for each in measured:
        rows = [row for stage in each.stages or () for row in _stage_rows(stage)] or [[UNKNOWN] * 8]
        labels = [str(each.level.sessions)] + [""] * (len(rows) - 1)
        yield from ((label, *row) for label, row in zip(labels, rows, strict=True))
        yield None


def _stage_rows(stage: StageTimes) -> Iterator[list[str]]:
    batch = UNKNOWN if stage.batch_size is None else f"{stage.batch_size:.2f}"
    shared = [_duration(stage.queue), _duration(stage.busy), batch]
    for kind, calls in stage.calls.items():
        yield [stage.stage, stage.provider, kind, f"{calls.count:,}", _duration(calls), *shared]
        shared = ["", "", ""]


def _duration(summary: DurationSummary | None) -> str:
    return UNKNOWN if summary is None else milliseconds(summary.p50, summary.p95)


def _usage(measured: Sequence[MeasuredLevel]) -> Rows:
    """A row for each deployment, and one for their sum."""
    for each in measured:
        used = {
            name: (usage.cpu_s, usage.cpu_share, usage.memory_mib)
            for name, usage in (each.usage or {}).items()
        }
        total = [sum(column) for column in zip((0.0, 0.0, 0.0), *used.values(), strict=True)]
        label = str(each.level.sessions)
        for name, (cpu_s, share, memory) in [*used.items(), ("all", total)]:
            label = "" if name == "all" else label
            yield (label, name, f"{cpu_s:,.1f}", f"{share:.1%}", f"{memory:,.0f}")
            label = ""
        yield None
