"""Sessions that speak to a running service in real time, with progress on a terminal."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress, TaskID

from load_tests.level import Session
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.client.handshake import ServiceUnreachable, endpoint, unreachable
from sokuji.errors import SokujiError
from sokuji.measure.latency import Stopwatch
from sokuji.measure.samples import fill

STAGGER_S = 4.0
"""The sessions of a level begin within this time, so that they do not speak in chorus."""


def service_info(url: str) -> Any:
    """What the service says of itself, as far as it matters for the numbers.

    Raises:
        ServiceUnreachable: nothing answers at ``url``, or something else does.
    """
    try:
        answer = httpx.get(endpoint(url, "/api/v1/info", "http"), timeout=10)
        return {name: answer.json()[name] for name in ("version", "providers", "limits")}
    except httpx.TransportError as error:
        raise unreachable(url, error) from None
    except (ValueError, KeyError):
        raise ServiceUnreachable(
            f"{url} answered with HTTP status {answer.status_code} and no description of a Sokuji Bridge; "
            "is it one, and has it finished starting?"
        ) from None


async def level(
    url: str, config: Config, clips: Sequence[bytes], count: int, duration_s: float
) -> list[Session]:
    """``count`` sessions that speak for ``duration_s`` seconds each; returns when all of them are answered.

    Each says the clips over and over, each beginning with another one. What goes wrong with a session stands
    in its ``errors``.
    """
    speech = [fill(clips, duration_s, first=number) for number in range(count)]
    sessions = [Session(each.spans_ms, Stopwatch(config.targets[0])) for each in speech]
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        async with asyncio.TaskGroup() as tasks:
            for number, (session, each) in enumerate(zip(sessions, speech, strict=True)):
                total_ms = duration_ms(each.pcm, RECOGNISER_RATE)
                line = bar.add_task(f"session {number + 1} of {count}", total=total_ms)
                reached = partial(_advance, session, bar, line)
                tasks.create_task(_speak(url, config, session, each.pcm, STAGGER_S * number / count, reached))
    return sessions


def _advance(session: Session, bar: Progress, line: TaskID, ms: float) -> None:
    bar.update(line, completed=ms)
    session.behind_ms = max(session.behind_ms, 1_000 * (time.monotonic() - session.pace.spoken_at(ms)))


async def _speak(
    url: str,
    config: Config,
    session: Session,
    pcm: bytes,
    delay_s: float,
    reached: Callable[[float], None],
) -> None:
    """One session from its beginning to its end, good or bad."""
    await asyncio.sleep(delay_s)
    try:
        async with connect(url, config) as conversation:
            answers = conversation.converse(session.pace.frames(pcm, RECOGNISER_RATE, reached))
            async with aclosing(answers):
                async for event in answers:
                    session.resumptions = conversation.resumptions
                    session.stopwatch.record(event, time.monotonic())
                    if isinstance(event, events.Failed):
                        session.errors[event.error.code] += 1
    except SokujiError as error:
        session.errors[error.code] += 1
