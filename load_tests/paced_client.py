"""Speaks to a running service in real time, in many sessions at once, and reports what listeners waited for.

``python -m load_tests.paced_client --sessions 1,2,4 --duration 60 --output report.json``
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from load_tests import machine
from load_tests.level import Level, Session, summarise
from sokuji import events
from sokuji.audio import RECOGNISER_RATE, duration_ms
from sokuji.client.config import Config
from sokuji.client.connection import connect
from sokuji.client.console import (
    CommitOption,
    PartialsOption,
    one_line_failures,
    service_url,
    target_languages,
    writable,
)
from sokuji.client.dial import DEFAULT_URL, ServiceUnreachable, endpoint, unreachable
from sokuji.client.latency import STAGES, Stopwatch
from sokuji.client.recordings import fill, joined, sentences
from sokuji.errors import SokujiError

STAGGER_S = 4.0
"""The sessions of a level begin within this time, so that they do not speak in chorus."""

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def levels(text: str) -> list[int]:
    """Numbers of sessions: "1,2,4" is [1, 2, 4]."""
    try:
        found = [int(number) for number in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise typer.BadParameter(f"{text!r} is no list of numbers of sessions, like 1,2,4")
    return found


@app.command()
@one_line_failures()
def main(
    url: Annotated[str, typer.Option(metavar="URL", callback=service_url, help="The service.")] = DEFAULT_URL,
    sessions: Annotated[
        str, typer.Option(help="Sessions at once; of a list, one level after another.")
    ] = "2",
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in a session.")] = 30.0,
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[
        str,
        typer.Option(
            "--to",
            callback=target_languages,
            help="Language wanted, or several: en,pt. The first one is timed.",
        ),
    ] = "en",
    run_on: Annotated[
        int, typer.Option(min=1, max=10, help="Recorded sentences that are said without a pause.")
    ] = 1,
    commit: CommitOption = None,
    partials: PartialsOption = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON report to write.")] = None,
) -> None:
    """Measure a running service; the exit code is 1 if a sentence was lost or came out of order."""
    if output is not None:
        writable(output)
    first, *others = target.split(",")
    config = Config(
        source_language=source,
        target_language=first,
        target_languages=tuple(others),
        commit=commit,
        partials=partials,
    )
    clips = joined(sentences(source), run_on)
    info = _info(url)
    found = [asyncio.run(_level(url, config, clips, count, duration)) for count in levels(sessions)]
    Console(width=None if Console().is_terminal else 120).print(_table(found))
    if output is not None:
        output.write_text(
            json.dumps(_report(info, config, {"duration_s": duration, "run_on": run_on}, found), indent=2)
            + "\n",
            "utf-8",
        )
    if not all(level.sound for level in found):
        raise SokujiError("sentences were lost or came out of order")


def _info(url: str) -> Any:
    """What the service says of itself, as far as it matters for the numbers."""
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


async def _level(url: str, config: Config, clips: Sequence[bytes], count: int, duration_s: float) -> Level:
    speech = [fill(clips, duration_s, first=number) for number in range(count)]
    sessions = [Session(each.spans_ms, Stopwatch(config.targets[0])) for each in speech]
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        async with asyncio.TaskGroup() as tasks:
            for number, (session, each) in enumerate(zip(sessions, speech, strict=True)):
                total_ms = duration_ms(each.pcm, RECOGNISER_RATE)
                line = bar.add_task(f"session {number + 1} of {count}", total=total_ms)
                reached = partial(_advance, bar, line)
                tasks.create_task(_speak(url, config, session, each.pcm, STAGGER_S * number / count, reached))
    return summarise(sessions)


def _advance(bar: Progress, line: TaskID, ms: float) -> None:
    bar.update(line, completed=ms)


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
                    session.stopwatch.note(event, time.monotonic())
                    if isinstance(event, events.Failed):
                        session.errors[event.error.code] += 1
    except SokujiError as error:
        session.errors[error.code] += 1


def _table(found: Sequence[Level]) -> Table:
    """Three rows for each level, one for each percentile."""
    table = Table(title="Milliseconds from the end of speech", title_justify="left", box=SIMPLE)
    for heading in ("sessions", "sent", "lost", "out of order", "errors", "", *STAGES):
        table.add_column(heading, justify="right")
    for level in found:
        counts = (level.sessions, level.sent, level.lost, level.out_of_order, sum(level.errors.values()))
        labels = [str(count) for count in counts]
        for percentile in ("p50", "p95", "p99"):
            delays = (getattr(level.latency_ms.get(stage), percentile, None) for stage in STAGES)
            table.add_row(*labels, percentile, *("-" if ms is None else f"{ms:,.0f}" for ms in delays))
            labels = [""] * len(counts)
        table.add_section()
    return table


def _report(info: Any, config: Config, load: dict[str, float], found: Sequence[Level]) -> dict[str, Any]:
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "service": info,
        "load": {**load, "stagger_s": STAGGER_S, **asdict(config)},
        "levels": [asdict(level) for level in found],
    }


if __name__ == "__main__":
    app()
