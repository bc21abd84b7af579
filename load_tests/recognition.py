"""Word error rate and time of this project's recogniser against plain faster-whisper, on the same recordings.

``python -m load_tests.recognition --output recognition.json``
"""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import ctranslate2
import typer

from load_tests.measurements.word_errors import CHARACTERS, ErrorCount, count_errors
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import Transcribe, loaded, plain_faster_whisper, transcribe
from load_tests.scenarios.speech_samples import varied
from sokuji.cli.console import one_line_failures
from sokuji.config import FasterWhisperConfig
from sokuji.errors import SokujiError
from sokuji.providers.stt.whisper.provider import cpu_threads_per_worker

WORSE_BY = 0.005
"""Errors per word, over all languages, by which the provider may be worse than plain faster-whisper."""
SIDES = ("plain", "ours")
Figures = Mapping[str, Any]
COLUMNS: Columns[tuple[str, Figures]] = {
    "language": lambda row: f"{row[0]} (characters)" if row[0] in CHARACTERS else row[0],
    "utterances": lambda row: str(row[1]["utterances"]),
    "words": lambda row: str(row[1]["words"]),
    "plain": lambda row: f"{row[1]['error_rate']['plain']:.1%}",
    "ours": lambda row: f"{row[1]['error_rate']['ours']:.1%}",
    "plain ms": lambda row: f"{1_000 * row[1]['mean_s']['plain']:,.0f}",
    "ours ms": lambda row: f"{1_000 * row[1]['mean_s']['ours']:,.0f}",
    "times as fast": lambda row: f"{row[1]['speedup']:.1f}",
}

PlainBeamOption = Annotated[
    int, typer.Option(min=1, max=20, help="Beams of plain faster-whisper; 5 is its own default.")
]

app = options.command_line()


@dataclass(frozen=True, slots=True)
class RecognitionTiming:
    """One utterance, recognised by one of the two."""

    side: str
    language: str
    errors: ErrorCount
    seconds: float


def summary(timings: Sequence[RecognitionTiming]) -> dict[str, Any]:
    """The figures of both sides, for JSON; the median is affected less by other load than the mean."""
    sides = {side: [each for each in timings if each.side == side] for side in SIDES}
    errors = {side: sum((each.errors for each in timed), ErrorCount()) for side, timed in sides.items()}
    mean_s = {side: statistics.fmean(each.seconds for each in timed) for side, timed in sides.items()}
    return {
        "utterances": len(sides["plain"]),
        "words": errors["plain"].words,
        "error_rate": {side: each.rate for side, each in errors.items()},
        "mean_s": mean_s,
        "median_s": {
            side: statistics.median(each.seconds for each in timed) for side, timed in sides.items()
        },
        "speedup": mean_s["plain"] / mean_s["ours"],
    }


@app.command()
@one_line_failures()
def main(
    languages: options.LanguagesOption = options.ALL_LANGUAGES,
    model: Annotated[str, typer.Option(help="model_size of the recogniser.")] = "base",
    compute_type: Annotated[str, typer.Option(help="Its compute_type.")] = "int8",
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Its beam_size.")] = 1,
    plain_beam_size: PlainBeamOption = 5,
    fallback: Annotated[
        bool, typer.Option(help="Let plain faster-whisper sample at higher temperatures where it is unsure.")
    ] = True,
    output: OutputOption = None,
) -> None:
    """Measure recognition; the exit code is 1 if more than 0.5 points worse than plain faster-whisper."""
    config = FasterWhisperConfig(model_size=model, compute_type=compute_type, beam_size=beam_size)
    names = list(dict.fromkeys(languages.split(",")))
    timings = asyncio.run(measure_recognition(config, names, plain_beam_size, fallback=fallback))
    by_language = {name: summary([each for each in timings if each.language == name]) for name in names}
    total = summary(timings)
    rows = [*by_language.items(), None, ("all", total)]
    show([columns_table("Errors per word, and time per utterance", COLUMNS, rows)])
    settings = {
        "recogniser": config.model_dump(),
        "plain_beam_size": plain_beam_size,
        "plain_fallback": fallback,
    }
    write(output, {**settings, "languages": by_language, "all": total})
    if total["error_rate"]["ours"] > total["error_rate"]["plain"] + WORSE_BY:
        raise SokujiError("the error rate is more than 0.5 points above that of plain faster-whisper")


async def measure_recognition(
    config: FasterWhisperConfig, languages: Sequence[str], plain_beam_size: int, *, fallback: bool
) -> list[RecognitionTiming]:
    """Every utterance by both, alternating which is first, so that other load affects both alike.

    Args:
        fallback: let plain faster-whisper sample at higher temperatures where it is unsure.
    """
    samples = [each for language in languages for each in varied(language)]
    timings = []
    async with loaded("stt", config) as ours:
        recognisers: dict[str, Transcribe] = {
            "plain": _plain(config, plain_beam_size, fallback),
            "ours": partial(transcribe, ours),
        }
        for number, sample in enumerate(tracked(samples, "recognising")):
            for side in sorted(recognisers, reverse=number % 2 == 0):
                start = time.perf_counter()
                text = await recognisers[side](sample)
                seconds = time.perf_counter() - start
                errors = count_errors(sample.text, text, sample.language)
                timings.append(RecognitionTiming(side, sample.language, errors, seconds))
    return timings


def _plain(config: FasterWhisperConfig, beam_size: int, fallback: bool) -> Transcribe:
    """faster-whisper on the same threads; without ``fallback`` at the temperature of ``config`` only.

    With fallback it samples where it is unsure, up to five times; the seed makes that repeatable.
    """
    ctranslate2.set_random_seed(0)
    greedy = {} if fallback else {"best_of": config.best_of, "temperature": config.temperature}
    threads = cpu_threads_per_worker(config)
    return plain_faster_whisper(config, cpu_threads=threads, beam_size=beam_size, **greedy)


if __name__ == "__main__":
    app()
