"""The results of all systems, for a terminal of 120 columns."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from load_tests.peers.runner import MeasuredSystem
from load_tests.peers.scoring import PeerLevel, sessions_held
from load_tests.peers.system import MILESTONES, Milestone
from load_tests.reports.report import UNKNOWN, milliseconds, table

HEADINGS: dict[Milestone, str] = {
    "stable": "text complete\nand stable",
    "final": "text final",
    "known": "from known end\nto final",
}


def tables(measured: Sequence[MeasuredSystem], limit_ms: float) -> Iterator[Table]:
    """The delays of every level, and how many sessions each system holds."""
    columns = [HEADINGS[each] for each in MILESTONES]
    yield table(
        "Milliseconds from the end of speech, p50 / p95 (of how many sentences, if not of all sent)",
        ("system", "sessions", "sent", "lost", "errors", "WER", *columns),
        _delays(measured),
    )
    yield table(
        f"Sessions held: nothing lost, no errors, p95 at most {limit_ms:,.0f} ms",
        ("system", *columns, "of"),
        (_held(system, limit_ms) for system in measured),
    )


def _delays(measured: Sequence[MeasuredSystem]) -> Iterator[Sequence[str] | None]:
    for system in measured:
        for level in system.levels:
            yield system.name, *_cells(level)
        if not system.levels:
            yield system.name, *[UNKNOWN] * (5 + len(MILESTONES))
        yield None


def _cells(level: PeerLevel) -> Iterator[str]:
    yield from map(str, (level.sessions, level.sent, level.lost, sum(level.errors.values())))
    yield f"{level.words.rate:.1%}"
    for milestone in MILESTONES:
        delays = level.delays_ms.get(milestone)
        some = f" ({delays.count})" if delays and delays.count < level.sent else ""
        yield f"{milliseconds(delays.p50, delays.p95)}{some}" if delays else UNKNOWN


def _held(system: MeasuredSystem, limit_ms: float) -> Sequence[str]:
    known = {milestone for level in system.levels for milestone in level.delays_ms}
    held = (
        str(sessions_held(system.levels, each, limit_ms)) if each in known else UNKNOWN for each in MILESTONES
    )
    return system.name, *held, str(max((each.sessions for each in system.levels), default=0))
