"""Sentences cut in two at pauses, and the wait at their ends: fixed endpoints against the adaptive one.

``python -m load_tests.endpointing --recordings 200``
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from load_tests.measurements.endpoint_waits import EndpointResult, RatedFrames, measure, rated, rating
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.paused_speech import (
    LANGUAGES,
    SpokenPieces,
    cut_recordings,
    spoken_pieces,
)
from sokuji.cli.console import one_line_failures
from sokuji.config import SegmentationSettings
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline

ENDPOINTS: Mapping[str, SegmentationSettings] = {
    "fixed 480": SegmentationSettings(endpoint="fixed", silence_ms=480),
    "fixed 300": SegmentationSettings(endpoint="fixed", silence_ms=300),
    "adaptive": SegmentationSettings(),
}

app = options.command_line()


class Half(Enum):
    """Which sentences: rules are tuned on every other one and judged on those between."""

    TUNING = "tuning"
    JUDGING = "judging"


@dataclass(frozen=True, slots=True)
class EndpointFigures:
    """One endpoint in one language, or in all."""

    endpoint: str
    language: str
    recordings: int
    pauses: int
    cuts_per_100: float
    wait_p50_ms: float
    wait_p90_ms: float
    recognition_p50_ms: float
    """A part of the waits of the adaptive endpoint."""


COLUMNS: Columns[EndpointFigures] = {
    "endpoint": lambda each: each.endpoint,
    "language": lambda each: each.language,
    "recordings": lambda each: str(each.recordings),
    "pauses": lambda each: str(each.pauses),
    "cuts per 100": lambda each: f"{each.cuts_per_100:.0f}",
    "wait p50 (ms)": lambda each: f"{each.wait_p50_ms:.0f}",
    "p90": lambda each: f"{each.wait_p90_ms:.0f}",
    "recognition p50": lambda each: f"{each.recognition_p50_ms:.0f}",
}


def figures(endpoint: str, language: str, results: Sequence[EndpointResult]) -> EndpointFigures:
    """What the recordings of a language come to."""
    pauses = sum(each.pauses for each in results)
    cuts = sum(each.cuts for each in results)
    p50, p90 = np.percentile([each.wait_ms for each in results], (50, 90))
    share = 100 * cuts / pauses if pauses else 0.0
    recognition = float(np.median([each.recognition_ms for each in results]))
    return EndpointFigures(
        endpoint, language, len(results), pauses, share, float(p50), float(p90), recognition
    )


@app.command()
@one_line_failures()
def main(
    count: Annotated[int, typer.Option("--recordings", min=1, max=10_000, help="How many are made.")] = 200,
    languages: Annotated[
        str, typer.Option(callback=options.among(LANGUAGES, "sentences in"), help="Languages spoken.")
    ] = ",".join(LANGUAGES),
    half: Annotated[Half, typer.Option(help="Which of the sentences.")] = Half.JUDGING,
    seed: Annotated[int, typer.Option(help="Of the lengths of the pauses.")] = 0,
    kept: Annotated[
        Path | None, typer.Option("--speech", help="Folder that keeps what the voices have spoken.")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Count the pauses that end an utterance, and time the wait behind the last word."""
    rows = asyncio.run(_measure(languages.split(","), half, count, seed, kept))
    show([columns_table(f"Endpoints of {count} recordings", COLUMNS, rows)])
    write(output, {"seed": seed, "half": half.value, "endpoints": [asdict(each) for each in rows]})


async def _measure(
    languages: Sequence[str], half: Half, count: int, seed: int, kept: Path | None
) -> list[EndpointFigures]:
    spoken = await spoken_pieces(languages, kept)
    async with local_pipeline(translation=(), tts=()) as pipeline:
        spoken += await cut_recordings(pipeline, languages, seed)
        recordings = _recordings(spoken[half is Half.JUDGING :: 2], count, seed)
        return await _compare(pipeline, recordings, languages)


def _recordings(spoken: Sequence[SpokenPieces], count: int, seed: int) -> list[RatedFrames]:
    """The sentences over and over, each time with other pauses."""
    chance = random.Random(seed)
    chosen = (spoken[number % len(spoken)] for number in range(count))
    return [rated(each.with_pauses(chance)) for each in chosen]


async def _compare(
    pipeline: Pipeline, recordings: Sequence[RatedFrames], languages: Sequence[str]
) -> list[EndpointFigures]:
    rate, rows = rating(pipeline), []
    for name, settings in ENDPOINTS.items():
        results = [await measure(each, settings, rate) for each in tracked(recordings, name)]
        rows.append(figures(name, "all", results))
        rows += [
            figures(name, language, own)
            for language in languages
            if (own := [each for each in results if each.language == language])
        ]
    return rows


if __name__ == "__main__":
    app()
