"""Word error rate and time of this project's recogniser against plain faster-whisper, on the same recordings.

``python -m load_tests.recognition --output recognition.json``
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import ctranslate2
import typer
from rich.console import Console
from rich.progress import track

from load_tests.measurements.word_errors import CHARACTERS, ErrorCount, count_errors
from load_tests.reports.report import OutputOption, header, show, table, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import Transcribe, loaded_recogniser, plain_faster_whisper, transcribe
from load_tests.scenarios.speech_samples import varied
from sokuji.cli.console import one_line_failures
from sokuji.config import FasterWhisperConfig
from sokuji.errors import SokujiError
from sokuji.measure.samples import LANGUAGES
from sokuji.providers.stt.whisper.provider import cpu_threads_per_worker

WORSE_BY = 0.005
"""Errors per word, over all languages, by which the provider may be worse than plain faster-whisper."""
HEADINGS = ("language", "utterances", "words", "plain", "ours", "plain ms", "ours ms", "times as fast")

app = options.command_line()


@dataclass(frozen=True, slots=True)
class RecognitionTiming:
    """One utterance, recognised by one of the two."""

    language: str
    errors: ErrorCount
    seconds: float


@dataclass(frozen=True, slots=True)
class RecogniserComparison:
    """The same utterances, recognised by both, in the same order."""

    plain: Sequence[RecognitionTiming]
    ours: Sequence[RecognitionTiming]

    def of(self, language: str) -> "RecogniserComparison":
        """The utterances of one language."""
        plain, ours = (
            [each for each in side if each.language == language] for side in (self.plain, self.ours)
        )
        return RecogniserComparison(plain, ours)

    @property
    def errors(self) -> dict[str, ErrorCount]:
        """Of both."""
        return {
            "plain": sum((each.errors for each in self.plain), ErrorCount()),
            "ours": sum((each.errors for each in self.ours), ErrorCount()),
        }

    def report(self) -> dict[str, Any]:
        """For JSON; the median is affected less by other load on the machine than the mean."""
        errors = self.errors
        seconds = {
            "plain": [each.seconds for each in self.plain],
            "ours": [each.seconds for each in self.ours],
        }
        mean_s = {name: statistics.fmean(values) for name, values in seconds.items()}
        return {
            "utterances": len(self.plain),
            "words": errors["plain"].words,
            "error_rate": {name: each.rate for name, each in errors.items()},
            "mean_s": mean_s,
            "median_s": {name: statistics.median(values) for name, values in seconds.items()},
            "speedup": mean_s["plain"] / mean_s["ours"],
        }

    def row(self, name: str) -> Sequence[str]:
        """For the table."""
        figures = self.report()
        return (
            f"{name} (characters)" if name in CHARACTERS else name,
            *(str(figures[each]) for each in ("utterances", "words")),
            *(f"{each:.1%}" for each in figures["error_rate"].values()),
            *(f"{1_000 * each:,.0f}" for each in figures["mean_s"].values()),
            f"{figures['speedup']:.1f}",
        )


@app.command()
@one_line_failures()
def main(
    languages: Annotated[
        str, typer.Option(callback=options.recorded_languages, help="Languages spoken.")
    ] = ",".join(LANGUAGES),
    model: Annotated[str, typer.Option(help="model_size of the recogniser.")] = "base",
    compute_type: Annotated[str, typer.Option(help="Its compute_type.")] = "int8",
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Its beam_size.")] = 1,
    fallback: Annotated[
        bool, typer.Option(help="Let plain faster-whisper sample at higher temperatures where it is unsure.")
    ] = True,
    output: OutputOption = None,
) -> None:
    """Measure recognition; the exit code is 1 if more than 0.5 points worse than plain faster-whisper."""
    config = FasterWhisperConfig(model_size=model, compute_type=compute_type, beam_size=beam_size)
    names = list(dict.fromkeys(languages.split(",")))
    total = asyncio.run(_measure(config, names, fallback))
    rows = [*(total.of(name).row(name) for name in names), None, total.row("all")]
    show([table("Errors per word, and time per utterance", HEADINGS, rows)])
    figures = {
        "recogniser": config.model_dump(),
        "plain_fallback": fallback,
        "languages": {name: total.of(name).report() for name in names},
        "all": total.report(),
    }
    write(output, {**header(), **figures})
    if total.errors["ours"].rate > total.errors["plain"].rate + WORSE_BY:
        raise SokujiError("the error rate is more than 0.5 points above that of plain faster-whisper")


async def _measure(
    config: FasterWhisperConfig, languages: Sequence[str], fallback: bool
) -> RecogniserComparison:
    """Every utterance by both, alternating which is first, so that other load affects both alike."""
    samples = [each for language in languages for each in varied(language)]
    timings: dict[str, list[RecognitionTiming]] = {"plain": [], "ours": []}
    console = Console(stderr=True)
    async with loaded_recogniser(config) as ours:
        recognisers: dict[str, Transcribe] = {
            "plain": _plain(config, fallback),
            "ours": partial(transcribe, ours),
        }
        shown = track(samples, "recognising", console=console, disable=not console.is_terminal)
        for number, sample in enumerate(shown):
            for name in sorted(recognisers, reverse=number % 2 == 0):
                start = time.perf_counter()
                text = await recognisers[name](sample)
                seconds = time.perf_counter() - start
                errors = count_errors(sample.text, text, sample.language)
                timings[name].append(RecognitionTiming(sample.language, errors, seconds))
    return RecogniserComparison(**timings)


def _plain(config: FasterWhisperConfig, fallback: bool) -> Transcribe:
    """faster-whisper on the same threads; without ``fallback`` at the temperature of ``config`` only.

    With fallback it samples where it is unsure, up to five times; the seed makes that repeatable.
    """
    ctranslate2.set_random_seed(0)
    options: dict[str, Any] = {"beam_size": config.beam_size}
    if not fallback:
        options |= {"best_of": config.best_of, "temperature": config.temperature}
    return plain_faster_whisper(config, cpu_threads=cpu_threads_per_worker(config), **options)


if __name__ == "__main__":
    app()
