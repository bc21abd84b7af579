"""``sokuji demo``: somebody speaks to a running service, and we watch and listen.

The recording is sent in real time, as from a microphone. Captions appear when they come, the voice goes into
a WAV file, and the latencies are what a listener would have felt.
"""

import asyncio
import statistics
import time
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sokuji import events
from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer, duration_ms
from sokuji.cli.console import (
    CommitOption,
    PartialsOption,
    Screen,
    audio_screen,
    clock,
    service_url,
    source_language,
    target_languages,
    writable,
)
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.client.handshake import DEFAULT_URL
from sokuji.errors import NoSpeech
from sokuji.measure.latency import STAGES, Pace, Stopwatch
from sokuji.measure.samples import PAUSE_MS, compose, sentences

MAX_DEMO_S = 300.0


def demo(
    url: Annotated[str, typer.Option(metavar="URL", callback=service_url, help="The service.")] = DEFAULT_URL,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Your own recording instead of three short sentences."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--from", callback=source_language, help="Language spoken; auto detects it.")
    ] = "pt",
    target: Annotated[
        str,
        typer.Option("--to", callback=target_languages, help="Language wanted, or several: en,pt."),
    ] = "en",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="WAV",
            callback=writable,
            help="Where the voice goes (first language).",
        ),
    ] = Path("demo.wav"),
    commit: CommitOption = None,
    partials: PartialsOption = True,
) -> None:
    """Speak to a running service in real time; see captions, hear the result, read the latencies."""
    if file is None:
        pcm = compose(sentences(source)).pcm
    else:
        with file.open("rb") as recording:
            pcm = decode(recording, max_seconds=MAX_DEMO_S) + bytes(2 * RECOGNISER_RATE * PAUSE_MS // 1_000)
    first, *others = target.split(",")
    config = Config(
        source_language=source,
        target_language=first,
        target_languages=tuple(others),
        commit=commit,
        partials=partials,
    )
    sound, table = asyncio.run(_demo(url, pcm, config))
    output.write_bytes(sound.wav())
    Console().print(table)
    typer.echo(f"The voice is in {output} ({sound.duration_ms / 1_000:.1f} s).")


async def _demo(url: str, pcm: bytes, config: Config) -> tuple[AudioBuffer, Table]:
    first = config.targets[0]
    pace, stopwatch, sound = Pace(), Stopwatch(first), AudioBuffer()
    with audio_screen("connecting") as screen:
        async with connect(url, config) as conversation:
            screen.begin("speaking", duration_ms(pcm, RECOGNISER_RATE))
            answers = conversation.converse(pace.frames(pcm, RECOGNISER_RATE, screen.reached))
            async with aclosing(answers):
                async for event in answers:
                    stopwatch.note(event, time.monotonic())
                    _show(screen, event)
                    if isinstance(event, events.Audio) and event.target_language == first:
                        sound.add(event.pcm, event.sample_rate)
    if not sound.pcm:
        raise NoSpeech("the service heard nobody speak")
    return sound, _table(stopwatch, pace)


def _show(screen: Screen, event: events.Event) -> None:
    match event:
        case events.Transcription(is_final=True):
            screen.line(f"{clock(event.end_ms):>8}  {event.language}  {event.text}")
        case events.Transcription():
            screen.changing(f"{event.language}  {event.text}")
        case events.TranslationText() if event.text:
            screen.line(f"{'':>8}  {event.target_language}  {event.text}", style="bold")
        case events.Failed():
            screen.line(f"{'':>8}  failed: {event.error.message}", style="red")


def _table(stopwatch: Stopwatch, pace: Pace) -> Table:
    """A row for each utterance, and below them the median; negative is before the end of the speech."""
    table = Table(
        title="Milliseconds from the end of speech", title_justify="left", box=SIMPLE, show_footer=True
    )
    delays = [heard.delays_ms(pace.spoken_at(heard.end_ms)) for heard in stopwatch.heard.values()]
    table.add_column("spoken at", footer="median")
    for stage in STAGES:
        reached = [each[stage] for each in delays if stage in each]
        median = f"{statistics.median(reached):,.0f}" if reached else ""
        table.add_column(stage, footer=median, justify="right")
    for heard, each in zip(stopwatch.heard.values(), delays, strict=True):
        cells = (f"{each[stage]:,.0f}" if stage in each else "-" for stage in STAGES)
        table.add_row(clock(heard.start_ms), *cells)
    return table
