"""Has one system after the other hear the same speech, at several numbers of sessions."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from rich.progress import Progress

from load_tests.peers.scoring import Level, summarise
from load_tests.peers.speech import Heard, PeerFailed, Reached, Speech, System, kind, length_ms, spoken
from load_tests.speaking import STAGGER_S
from sokuji.errors import SokujiError

MOST_S = 120.0
"""Besides the speech: for the model to load and the last answer. A system that stops listening ends there."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is said to every system."""

    language: str
    sessions: Sequence[int]
    """Levels: how many speak at once."""
    duration_s: float
    """Speech of each."""


@dataclass(slots=True)
class Measured:
    """A system, and what it did with the load."""

    name: str
    settings: dict[str, str]
    levels: list[Level] = field(default_factory=list)
    failure: str | None = None
    """Why it could not be measured (further)."""


async def measure(system: System, port: int, load: Load) -> Measured:
    """All levels with one server; what goes wrong with it is noted, so that the others can be measured."""
    found = Measured(system.name, system.settings)
    try:
        async with system.served(port):
            await _warm(system, port, load.language)
            for count in load.sessions:
                found.levels.append(await _level(system, port, load, count))
    except (SokujiError, OSError) as error:
        found.failure = error.message if isinstance(error, SokujiError) else f"{kind(error)} {error}"
    return found


async def _warm(system: System, port: int, language: str) -> None:
    """An utterance that does not count: models are loaded, and it is seen whether all works."""
    heard = Heard()
    await _hear(system, port, spoken(language, 0), heard, lambda ms: None)
    if heard.errors or not heard.text:
        raise PeerFailed(f"{system.name} does not answer: {', '.join(heard.errors) or 'it heard nothing'}")


async def _level(system: System, port: int, load: Load, count: int) -> Level:
    sessions = [(spoken(load.language, load.duration_s, number), Heard()) for number in range(count)]
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        async with asyncio.TaskGroup() as tasks:
            for number, (speech, heard) in enumerate(sessions):
                what = f"{system.name}: session {number + 1} of {count}"
                line = bar.add_task(what, total=length_ms(speech.pcm))
                reached = partial(_advance, bar.update, line)
                delay_s = STAGGER_S * number / count
                tasks.create_task(_session(system, port, speech, heard, delay_s, reached))
    return summarise(sessions)


async def _hear(system: System, port: int, speech: Speech, heard: Heard, reached: Reached) -> None:
    async with asyncio.timeout(length_ms(speech.pcm) / 1_000 + MOST_S):
        await system.hear(port, speech, heard, reached)


def _advance(update: Callable[..., None], line: int, ms: float) -> None:
    update(line, completed=ms)


async def _session(
    system: System, port: int, speech: Speech, heard: Heard, delay_s: float, reached: Reached
) -> None:
    """One session from its beginning to its end, good or bad."""
    await asyncio.sleep(delay_s)
    try:
        await _hear(system, port, speech, heard, reached)
    except (SokujiError, OSError) as error:
        heard.errors[kind(error)] += 1
