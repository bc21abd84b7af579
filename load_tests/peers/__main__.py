"""The service beside other servers of speech recognition: same model, recordings and pace, in one run.

``python -m load_tests.peers --sessions 1,2,4 --duration 40 --output peers.json``
"""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from load_tests.peers.measured_system import measure, tables
from load_tests.peers.sokuji_service import SokujiSystem
from load_tests.peers.system import ANSWERED_WITHIN_S, System
from load_tests.peers.whisperlive import WhisperLive
from load_tests.peers.whisperlivekit import WhisperLiveKit
from load_tests.peers.wyoming import Wyoming
from load_tests.reports.report import OutputOption, show, write
from load_tests.scenarios import options
from load_tests.scenarios.sessions import Scenario
from sokuji import models
from sokuji.cli.console import one_line_failures
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings
from sokuji.errors import SokujiError
from sokuji.measure.latency import FRAME_MS

MODEL = "base"
SILENCE_MS = SegmentationSettings().silence_ms
"""The service's endpointing delay; a client that does endpointing for a peer waits as long."""
NAMES = ("sokuji", "wyoming", "whisperlive", "whisperlive-batched", "whisperlivekit")

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    sessions: options.LevelsOption = "1,2,4",
    duration: options.DurationOption = 40.0,
    only: Annotated[
        str, typer.Option(callback=options.among(NAMES, "system"), help="Systems to measure.")
    ] = ",".join(NAMES),
    source: options.SourceOption = "pt",
    limit: Annotated[
        float, typer.Option(min=0.1, help="p95 in seconds up to which sessions are held.")
    ] = 1.5,
    port: options.PortOption = 8061,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    output: OutputOption = None,
) -> None:
    """Measure one system after the other; the exit code is 1 if one of them could not be run."""
    captions = Config(source_language=source, target_language=source, output="captions")
    scenarios = [Scenario(captions, count, duration) for count in options.levels(sessions)]
    model = models.locate("whisper", MODEL)
    systems: dict[str, Callable[[], System]] = {
        "sokuji": lambda: SokujiSystem(config),
        "wyoming": lambda: Wyoming(source, model, SILENCE_MS),
        "whisperlive": lambda: WhisperLive(model, batched=False),
        "whisperlive-batched": lambda: WhisperLive(model, batched=True),
        "whisperlivekit": lambda: WhisperLiveKit(model, source),
    }
    chosen = [build() for name, build in systems.items() if name in only.split(",")]
    measured = [asyncio.run(measure(each, port, scenarios)) for each in chosen]
    show(tables(measured, 1_000 * limit))
    load = {
        "language": source,
        "sessions": options.levels(sessions),
        "duration_s": duration,
        "frame_ms": FRAME_MS,
    }
    figures = {"model": f"whisper {MODEL}", "load": load, "limit_s": limit, "patience_s": ANSWERED_WITHIN_S}
    reports = [each.report(1_000 * limit) for each in measured]
    write(output, {**figures, "systems": reports})
    if failures := [f"{each.name}: {each.failure}" for each in measured if each.failure]:
        raise SokujiError("; ".join(failures))


if __name__ == "__main__":
    app()
