"""Sessions that speak to a running service in real time and keep every answer, word for word."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from rich.progress import Progress

from load_tests.answers import Answers
from load_tests.material import transcripts
from load_tests.speaking import STAGGER_S
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.errors import SokujiError
from sokuji.measure.latency import RealTimeSource
from sokuji.measure.samples import fill, joined, sentences

LATE_S = 120.0
"""How much longer than its speech a session may take before it is given up."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is spoken."""

    sessions: int
    duration_s: float
    """Speech of each session."""
    run_on: int
    """Recorded sentences that are said without a pause."""


@dataclass(frozen=True, slots=True)
class Said:
    """A session: what was said in it, and the answers."""

    pcm: bytes
    spans_ms: Sequence[tuple[int, int]]
    """Where the sentences lie in the recording."""
    texts: Sequence[Sequence[str]]
    """Their words; several texts where recordings were joined to one sentence."""
    answers: Answers
    pace: RealTimeSource = field(default_factory=RealTimeSource)
    errors: Counter[str] = field(default_factory=Counter)
    """How often each error code came."""


async def speak(url: str, config: Config, load: Load) -> list[Said]:
    """The sessions of a load at the same time, each beginning with another recording.

    Raises:
        SokujiError: a session came to an end before all was answered.
    """
    sessions = [_prepared(config, load, number) for number in range(load.sessions)]
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        speaking = []
        for number, each in enumerate(sessions):
            what = f"{config.source_language}: session {number + 1} of {load.sessions}"
            line = bar.add_task(what, total=duration_ms(each.pcm, RECOGNISER_RATE))
            reached = partial(_advance, bar.update, line)
            speaking.append(_session(url, config, each, STAGGER_S * number / load.sessions, reached))
        for failure in await asyncio.gather(*speaking):
            if failure is not None:
                raise failure
    return sessions


def _prepared(config: Config, load: Load, first: int) -> Said:
    source = config.source_language
    words = transcripts(source)
    speech = fill(joined(sentences(source), load.run_on), load.duration_s, first=first)
    texts = [
        [words[(first + place + more) % len(words)] for more in range(load.run_on)]
        for place in range(len(speech.spans_ms))
    ]
    return Said(speech.pcm, speech.spans_ms, texts, Answers(config.targets[0]))


def _advance(update: Callable[..., None], line: int, ms: float) -> None:
    update(line, completed=ms)


async def _session(
    url: str, config: Config, said: Said, delay_s: float, reached: Callable[[float], None]
) -> SokujiError | None:
    """One session from its beginning to its end; what has ended it too early."""
    await asyncio.sleep(delay_s)
    within_s = duration_ms(said.pcm, RECOGNISER_RATE) / 1_000 + LATE_S
    try:
        async with asyncio.timeout(within_s), connect(url, config) as conversation:
            answers = conversation.converse(said.pace.frames(said.pcm, RECOGNISER_RATE, reached))
            async with aclosing(answers):
                async for event in answers:
                    said.answers.note(event, time.monotonic())
                    if isinstance(event, events.Failed):
                        said.errors[event.error.code] += 1
    except SokujiError as error:
        return error
    except TimeoutError:
        return SokujiError(f"not all was answered {LATE_S:g} s after it had been said")
    return None
