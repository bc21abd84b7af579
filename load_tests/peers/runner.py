"""Measures one system after the other with the same speech, at several numbers of sessions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from load_tests.peers.scoring import PeerLevel, summarise
from load_tests.peers.system import PeerFailed, PeerSession, System, error_code
from load_tests.scenarios.scenario import Scenario
from load_tests.scenarios.sessions import SpokenUntil, speak_together
from sokuji.errors import SokujiError

EXTRA_S = 120.0
"""Besides the speech: for the model to load and the last response. A session without an end is cancelled."""


@dataclass(slots=True)
class MeasuredSystem:
    """A system, and its results."""

    name: str
    settings: dict[str, str]
    levels: list[PeerLevel] = field(default_factory=list)
    failure: str | None = None
    """Why it could not be measured (further)."""


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
