"""Our service beside other servers of speech recognition: same model, same recordings, same pace, one run.

``python -m load_tests.peers --sessions 1,2,4 --duration 40 --output benchmarks/peers.json``
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from load_tests import machine
from load_tests.options import levels
from load_tests.peers.own import Sokuji
from load_tests.peers.run import Load, Measured, measure
from load_tests.peers.scoring import sessions_held
from load_tests.peers.speech import MILESTONES, PATIENCE_S, System
from load_tests.peers.table import tables
from load_tests.peers.whisperlive import WhisperLive
from load_tests.peers.wyoming import Wyoming
from load_tests.reports import OutputOption, write
from load_tests.speaking import STAGGER_S
from sokuji import models
from sokuji.cli.console import one_line_failures, source_language
from sokuji.config import SegmentationSettings
from sokuji.errors import SokujiError
from sokuji.measure.latency import FRAME_MS

MODEL = "base"
SILENCE_MS = SegmentationSettings().min_silence_ms
"""How long our service waits; a client that finds the ends of utterances for a peer does too."""
NAMES = ("sokuji", "wyoming", "whisperlive", "whisperlive-batched")

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _names(text: str) -> str:
    if unknown := set(text.split(",")) - set(NAMES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: unknown; there are: {', '.join(NAMES)}")
    return text


@app.command()
@one_line_failures()
def main(
    sessions: Annotated[
        str, typer.Option(help="Sessions at once; of a list, one level after another.")
    ] = "1,2,4",
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in a session.")] = 40.0,
    only: Annotated[str, typer.Option(callback=_names, help="Systems to measure.")] = ",".join(NAMES),
    source: Annotated[str, typer.Option("--from", callback=source_language, help="Language spoken.")] = "pt",
    limit: Annotated[
        float, typer.Option(min=0.1, help="p95 in seconds up to which sessions are held.")
    ] = 1.5,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where each server listens in turn.")] = 8061,
    config: Annotated[Path, typer.Option(help="Serve config of our service.")] = Path("serve_config.yaml"),
    output: OutputOption = None,
) -> None:
    """Measure one system after the other; the exit code is 1 if one of them could not be run."""
    load = Load(source, levels(sessions), duration)
    chosen = [build() for name, build in _systems(source, config).items() if name in only.split(",")]
    found = asyncio.run(_measure(chosen, port, load))
    console = Console(width=None if Console().is_terminal else 120)
    for table in tables(found, 1_000 * limit):
        console.print(table)
    write(output, _report(found, load, limit))
    if failures := [f"{each.name}: {each.failure}" for each in found if each.failure]:
        raise SokujiError("; ".join(failures))


def _systems(language: str, config: Path) -> dict[str, Callable[[], System]]:
    model = models.locate("whisper", MODEL)
    return {
        "sokuji": lambda: Sokuji(config),
        "wyoming": lambda: Wyoming(language, model, SILENCE_MS),
        "whisperlive": lambda: WhisperLive(model, batched=False),
        "whisperlive-batched": lambda: WhisperLive(model, batched=True),
    }


async def _measure(systems: Sequence[System], port: int, load: Load) -> list[Measured]:
    return [await measure(each, port, load) for each in systems]


def _report(found: Sequence[Measured], load: Load, limit_s: float) -> dict[str, Any]:
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "commit": machine.commit(),
        "model": f"whisper {MODEL}",
        "load": {**asdict(load), "stagger_s": STAGGER_S, "frame_ms": FRAME_MS},
        "limit_s": limit_s,
        "patience_s": PATIENCE_S,
        "systems": [
            {
                "name": each.name,
                "settings": each.settings,
                "failure": each.failure,
                "sessions_held": {
                    milestone: sessions_held(each.levels, milestone, 1_000 * limit_s)
                    for milestone in MILESTONES
                },
                "levels": [level.report() for level in each.levels],
            }
            for each in found
        ],
    }


if __name__ == "__main__":
    app()
