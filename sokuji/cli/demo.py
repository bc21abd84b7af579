"""``sokuji demo``: sends a recording to a running service and reports what comes back, and when.

The recording is sent in real time, as from a microphone. Captions are printed as they arrive, the voice is
written to a WAV file, and a table shows the latency of each utterance.
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
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer, duration_ms
from sokuji.cli.console import (
    ApiKeyOption,
    CommitOption,
    PartialsOption,
    session_url,
    timestamp,
    writable,
)
from sokuji.cli.language_options import source_language, target_languages
from sokuji.cli.progress import Display, progress_display
from sokuji.cli.speech.recordings import read_recording
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.client.handshake import DEFAULT_URL
from sokuji.errors import NoSpeech
from sokuji.measure.latency import LATENCY_POINTS, RealTimeSource, Stopwatch
from sokuji.measure.samples import PAUSE_MS, compose, sentences

MAX_DEMO_S = 300.0


def demo(
    url: Annotated[
        str,
        typer.Option(
            "--server",
            "--url",
            metavar="URL",
            callback=session_url,
            help="Address of the service; of its gRPC with the scheme grpc or grpcs.",
        ),
    ] = DEFAULT_URL,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A recording to send; default: three short sentences."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--from", callback=source_language, help="Language spoken; auto detects it.")
    ] = "pt",
    target: Annotated[
        str,
        typer.Option("--to", callback=target_languages, help="Language to translate to, or several: en,pt."),
    ] = "en",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="WAV",
            callback=writable,
            help="WAV file for the voice of the first target language.",
        ),
    ] = Path("demo.wav"),
    api_key: ApiKeyOption = "",
    commit: CommitOption = None,
    partials: PartialsOption = True,
) -> None:
    """Send a recording to a running service in real time; show captions and latencies, and save the voice."""
    if file is None:
        pcm = compose(sentences(source)).pcm
    else:
        pcm = asyncio.run(read_recording(file, MAX_DEMO_S)) + bytes(2 * RECOGNISER_RATE * PAUSE_MS // 1_000)
    first, *others = target.split(",")
    config = Config(
        source_language=source,
        target_language=first,
        target_languages=tuple(others),
        commit=commit,
        partials=partials,
    )
    sound, table = asyncio.run(_demo(url, api_key, pcm, config))
    output.write_bytes(sound.wav())
    Console().print(table)
    typer.echo(f"The voice is in {output} ({sound.duration_ms / 1_000:.1f} s).")


async def _demo(url: str, api_key: str, pcm: bytes, config: Config) -> tuple[AudioBuffer, Table]:
    first = config.targets[0]
    source, stopwatch, sound = RealTimeSource(), Stopwatch(first), AudioBuffer()
    with progress_display("connecting") as display:
        async with connect(url, config, api_key=api_key) as conversation:
            display.start("speaking", duration_ms(pcm, RECOGNISER_RATE))
            received = conversation.converse(source.frames(pcm, RECOGNISER_RATE, display.advance_to))
            async with aclosing(received):
                async for event in received:
                    stopwatch.record(event, time.monotonic())
                    _show(display, event)
                    if isinstance(event, events.Audio) and event.target_language == first:
                        sound.add(event.pcm, event.sample_rate)
    if not sound.pcm:
        raise NoSpeech("the service detected no speech")
    return sound, _table(stopwatch, source)


def _show(display: Display, event: events.Event) -> None:
    match event:
        case events.Transcription(is_final=True):
            display.print_line(f"{timestamp(event.end_ms):>8}  {event.language}  {event.text}")
        case events.Transcription():
            display.show_partial(f"{event.language}  {event.text}")
        case events.TranslationText() if event.text:
            display.print_line(f"{'':>8}  {event.target_language}  {event.text}", style="bold")
        case events.Failed():
            display.print_line(f"{'':>8}  failed: {event.error.message}", style="red")


def _table(stopwatch: Stopwatch, source: RealTimeSource) -> Table:
    """A row for each utterance and the medians; a negative value is before the end of the speech."""
    table = Table(
        title="Milliseconds from the end of speech", title_justify="left", box=SIMPLE, show_footer=True
    )
    utterances = list(stopwatch.utterances.values())
    delays = [each.delays_ms(source.spoken_at(each.end_ms)) for each in utterances]
    table.add_column("spoken at", footer="median")
    for point in LATENCY_POINTS:
        reached = [each[point] for each in delays if point in each]
        median = f"{statistics.median(reached):,.0f}" if reached else ""
        table.add_column(point, footer=median, justify="right")
    for utterance, each in zip(utterances, delays, strict=True):
        cells = (f"{each[point]:,.0f}" if point in each else "-" for point in LATENCY_POINTS)
        table.add_row(timestamp(utterance.start_ms), *cells)
    return table
