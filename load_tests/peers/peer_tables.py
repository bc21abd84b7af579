"""What was measured, for a terminal of 120 columns."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.table import Table

from load_tests.peers.run import Measured
from load_tests.peers.scoring import Level, sessions_held
from load_tests.peers.speech import MILESTONES, Milestone

UNKNOWN = "-"
HEADINGS: dict[Milestone, str] = {
    "stable": "text complete\nand stable",
    "final": "text final",
    "known": "from known end\nto final",
}


def tables(found: Sequence[Measured], limit_ms: float) -> Iterator[Table]:
    """The delays of every level, and how many sessions each system holds."""
    yield _delays(found)
    yield _held(found, limit_ms)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _delays(found: Sequence[Measured]) -> Table:
    table = _table(
        "Milliseconds from the end of speech, p50 / p95 (of how many sentences, if not of all sent)",
        *("system", "sessions", "sent", "lost", "errors", "WER", *(HEADINGS[each] for each in MILESTONES)),
    )
    for system in found:
        for level in system.levels:
            table.add_row(system.name, *_cells(level))
        if not system.levels:
            table.add_row(system.name, *[UNKNOWN] * (5 + len(MILESTONES)))
        table.add_section()
    return table


def _cells(level: Level) -> Iterator[str]:
    yield from map(str, (level.sessions, level.sent, level.lost, sum(level.errors.values())))
    yield f"{level.words.rate:.1%}"
    for milestone in MILESTONES:
        delays = level.delays_ms.get(milestone)
        if delays is None:
            yield UNKNOWN
        else:
            some = f" ({delays.count})" if delays.count < level.sent else ""
            yield f"{delays.p50:,.0f} / {delays.p95:,.0f}{some}"


def _held(found: Sequence[Measured], limit_ms: float) -> Table:
    table = _table(
        f"Sessions held: nothing lost, no errors, p95 at most {limit_ms:,.0f} ms",
        *("system", *(HEADINGS[each] for each in MILESTONES), "of"),
    )
    for system in found:
        most = max((each.sessions for each in system.levels), default=0)
        held = (sessions_held(system.levels, each, limit_ms) for each in MILESTONES)
        reached = (any(each in level.delays_ms for level in system.levels) for each in MILESTONES)
        cells = (str(count) if known else UNKNOWN for count, known in zip(held, reached, strict=True))
        table.add_row(system.name, *cells, str(most))
    return table
