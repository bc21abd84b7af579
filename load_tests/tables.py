"""What a benchmark found, for a terminal of 120 columns."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.table import Table

from load_tests.measuring import CORES, Measured, thin
from load_tests.stages import Spread, StageTimes
from load_tests.usage import MEMORY
from sokuji.measure.latency import LATENCY_POINTS

PERCENTILES = ("p50", "p95", "p99")
NAMES = ("stage", "provider", "kind", "deployment")
UNKNOWN = "-"


def show(found: Sequence[Measured]) -> None:
    """All tables on standard output."""
    console = Console(width=None if Console().is_terminal else 120)
    for each in tables(found):
        console.print(each)


def tables(found: Sequence[Measured]) -> Iterator[RenderableType]:
    """What listeners waited for, what the stages did and what the deployments took."""
    yield _sessions(found)
    yield _latency(found)
    if any(thin(each.level.received) for each in found):
        yield "~ lies between the two slowest: there were too few sentences (n) for more\n"
    yield _stages(found)
    if any(each.usage is not None for each in found):
        yield _usage(found)
    else:
        yield "Processor time and memory are measured of a service that is started here, not with --url."


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in NAMES else "right")
    return table


def _sessions(found: Sequence[Measured]) -> Table:
    """A row for each level."""
    table = _table(
        "Sentences, and whether this client kept to the pace of speech",
        *("sessions", "sent", "answered", "lost", "out of order", "errors", "error rate", "resumed"),
        *("in real time", "most behind", "client CPU"),
    )
    for each in found:
        level = each.level
        counts = (level.sessions, level.sent, level.received, level.lost, level.out_of_order)
        table.add_row(
            *(f"{count:,}" for count in counts),
            *(f"{sum(level.errors.values()):,}", f"{each.error_rate:.1%}", f"{level.resumptions:,}"),
            *(f"{level.in_real_time:,}", f"{level.behind_ms:,.0f} ms", f"{each.client_cpu_share:.0%}"),
        )
    return table


def _latency(found: Sequence[Measured]) -> Table:
    """Three rows for each level, one for each percentile."""
    table = _table("Milliseconds from the end of speech", "sessions", "n", "percentile", *LATENCY_POINTS)
    for each in found:
        level = each.level
        labels = [f"{level.sessions:,}", f"{level.received:,}"]
        for percentile in PERCENTILES:
            mark = "~" if percentile in thin(level.received) else " "
            delays = (getattr(level.latency_ms.get(stage), percentile, None) for stage in LATENCY_POINTS)
            cells = (UNKNOWN if ms is None else f"{ms:,.0f}{mark}" for ms in delays)
            table.add_row(*labels, percentile, *cells)
            labels = ["", ""]
        table.add_section()
    return table


def _stages(found: Sequence[Measured]) -> Table:
    """A row for each provider and kind of call; waits and batches of all kinds together."""
    table = _table(
        "Stages: milliseconds, p50 / p95",
        *("sessions", "stage", "provider", "kind", "calls", "call", "queue wait", "computing", "mean batch"),
    )
    for each in found:
        sessions = str(each.level.sessions)
        if not each.stages:
            table.add_row(sessions, *[UNKNOWN] * 8)
        for stage in each.stages or ():
            for row in _rows(stage):
                table.add_row(sessions, *row)
                sessions = ""
        table.add_section()
    return table


def _rows(stage: StageTimes) -> Iterator[tuple[str, ...]]:
    batch = UNKNOWN if stage.batch_size is None else f"{stage.batch_size:.2f}"
    shared: tuple[str, ...] = (_spread(stage.queue), _spread(stage.busy), batch)
    for kind, calls in stage.calls.items():
        yield (stage.stage, stage.provider, kind, f"{calls.count:,}", _spread(calls), *shared)
        shared = ("", "", "")


def _spread(found: Spread | None) -> str:
    return UNKNOWN if found is None else f"{found.p50:,.0f} / {found.p95:,.0f}"


def _usage(found: Sequence[Measured]) -> Table:
    """A row for each deployment."""
    table = _table(
        "Processor time and memory", "sessions", "deployment", "CPU s", f"of {CORES} cores", f"{MEMORY}, MiB"
    )
    for each in found:
        sessions = str(each.level.sessions)
        used = each.usage or {}
        for name, usage in used.items():
            table.add_row(
                *(sessions, name, f"{usage.cpu_s:,.1f}", f"{usage.cpu_share:.1%}", f"{usage.memory_mib:,.0f}")
            )
            sessions = ""
        cpu_s, share, memory = (
            sum(getattr(usage, name) for usage in used.values())
            for name in ("cpu_s", "cpu_share", "memory_mib")
        )
        table.add_row("", "all", f"{cpu_s:,.1f}", f"{share:.1%}", f"{memory:,.0f}")
        table.add_section()
    return table
