"""Measures a system at several numbers of sessions; its results as JSON and as tables of 120 columns."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich.table import Table

from load_tests.peers.scoring import PeerLevel, sessions_held, summarise
from load_tests.peers.system import MILESTONES, Milestone, PeerFailed, PeerSession, System, error_code
from load_tests.reports.report import UNKNOWN, milliseconds, table
from load_tests.scenarios.sessions import Scenario, SpokenUntil, speak_together
from sokuji.errors import SokujiError

EXTRA_S = 120.0
"""Besides the speech: for the model to load and the last response. A session without an end is cancelled."""
HEADINGS: dict[Milestone, str] = {
    "stable": "text complete\nand stable",
    "final": "text final",
    "known": "from known end\nto final",
}


@dataclass(slots=True)
class MeasuredSystem:
    """A system, and its results."""

    name: str
    settings: dict[str, str]
    levels: list[PeerLevel] = field(default_factory=list)
    failure: str | None = None
    """Why it could not be measured (further)."""

    def report(self, limit_ms: float) -> dict[str, Any]:
        """For JSON; sessions are held up to a p95 of ``limit_ms``."""
        return {
            "name": self.name,
            "settings": self.settings,
            "failure": self.failure,
            "sessions_held": {each: sessions_held(self.levels, each, limit_ms) for each in MILESTONES},
            "levels": [level.report() for level in self.levels],
        }


async def measure(system: System, port: int, scenarios: Sequence[Scenario]) -> MeasuredSystem:
    """All levels with one server; its failure is noted, so that the others can be measured."""
    measured = MeasuredSystem(system.name, system.settings)
    try:
        async with system.served(port):
            await _warm_up(system, port, scenarios[0])
            for scenario in scenarios:
                measured.levels.append(await _level(system, port, scenario))
    except (SokujiError, OSError) as error:
        measured.failure = error.message if isinstance(error, SokujiError) else f"{error_code(error)} {error}"
    return measured


async def _warm_up(system: System, port: int, scenario: Scenario) -> None:
    """An utterance that does not count: models are loaded, and the server is seen to respond."""
    session = PeerSession(replace(scenario, duration_s=0, sessions=1).speech(0))
    await _transcribe(system, port, session, lambda ms: None)
    if session.errors or not session.text:
        reason = ", ".join(session.errors) or "no text"
        raise PeerFailed(f"{system.name} does not respond: {reason}")


async def _level(system: System, port: int, scenario: Scenario) -> PeerLevel:
    sessions = [PeerSession(scenario.speech(number)) for number in range(scenario.sessions)]

    async def speak(session: PeerSession, spoken_until: SpokenUntil) -> None:
        try:
            await _transcribe(system, port, session, spoken_until)
        except (SokujiError, OSError) as error:
            session.fail(error)

    await speak_together(system.name, sessions, speak)
    return summarise(sessions)


async def _transcribe(system: System, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
    async with asyncio.timeout(session.speech.duration_ms / 1_000 + EXTRA_S):
        await system.transcribe(port, session, spoken_until)


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
            counts = (level.sessions, level.sent, level.lost, sum(level.errors.values()))
            delays = (_delay(level, milestone) for milestone in MILESTONES)
            yield system.name, *map(str, counts), f"{level.words.rate:.1%}", *delays
        if not system.levels:
            yield system.name, *[UNKNOWN] * (5 + len(MILESTONES))
        yield None


def _delay(level: PeerLevel, milestone: Milestone) -> str:
    delays = level.delays_ms.get(milestone)
    if delays is None:
        return UNKNOWN
    return milliseconds(delays.p50, delays.p95) + (f" ({delays.count})" if delays.count < level.sent else "")


def _held(system: MeasuredSystem, limit_ms: float) -> Sequence[str]:
    known = {milestone for level in system.levels for milestone in level.delays_ms}
    held = (
        str(sessions_held(system.levels, each, limit_ms)) if each in known else UNKNOWN for each in MILESTONES
    )
    return system.name, *held, str(max((each.sessions for each in system.levels), default=0))
