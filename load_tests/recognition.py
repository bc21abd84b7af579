"""Word error rate and time of our recogniser against plain faster-whisper, on the same recordings.

``python -m load_tests.recognition --output recognition.json``
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import ctranslate2
import numpy as np
import typer
from faster_whisper import WhisperModel
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from load_tests import machine
from load_tests.material import Spoken, material
from load_tests.options import languages as recorded
from load_tests.reports import OutputOption, write
from load_tests.words import CHARACTERS, Errors, errors
from sokuji import models
from sokuji.cli.console import one_line_failures
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest
from sokuji.errors import SokujiError
from sokuji.measure.samples import LANGUAGES
from sokuji.providers.stt.whisper.provider import FasterWhisper, cpu_threads_per_worker

WORSE_BY = 0.005
"""Errors per word, over all languages, by which we may be worse than plain faster-whisper."""

Recognise = Callable[[Spoken], Awaitable[str]]

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@dataclass(frozen=True, slots=True)
class Result:
    """One utterance, recognised both ways."""

    language: str
    plain: Errors
    ours: Errors
    plain_s: float
    ours_s: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Some utterances together, ready for JSON."""

    utterances: int
    plain: Errors
    ours: Errors
    plain_s: float
    """Mean time of an utterance; the median is less moved by what else the machine does."""
    ours_s: float
    plain_median_s: float
    ours_median_s: float

    @property
    def speedup(self) -> float:
        """How many utterances we recognise in the time that plain faster-whisper takes for one."""
        return self.plain_s / self.ours_s


def summarise(results: Sequence[Result]) -> Summary:
    """The results together."""
    return Summary(
        utterances=len(results),
        plain=sum((each.plain for each in results), Errors()),
        ours=sum((each.ours for each in results), Errors()),
        plain_s=statistics.fmean(each.plain_s for each in results),
        ours_s=statistics.fmean(each.ours_s for each in results),
        plain_median_s=statistics.median(each.plain_s for each in results),
        ours_median_s=statistics.median(each.ours_s for each in results),
    )


@app.command()
@one_line_failures()
def main(
    languages: Annotated[str, typer.Option(callback=recorded, help="Languages spoken.")] = ",".join(
        LANGUAGES
    ),
    model: Annotated[str, typer.Option(help="model_size of the recogniser.")] = "base",
    compute_type: Annotated[str, typer.Option(help="Its compute_type.")] = "int8",
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Its beam_size.")] = 1,
    fallback: Annotated[
        bool, typer.Option(help="Let plain faster-whisper sample where it is unsure.")
    ] = True,
    output: OutputOption = None,
) -> None:
    """Measure recognition; the exit code is 1 if more than 0.5 points worse than plain faster-whisper."""
    config = FasterWhisperConfig(model_size=model, compute_type=compute_type, beam_size=beam_size)
    results = asyncio.run(_measure(config, languages.split(","), fallback))
    found = {
        language: summarise([each for each in results if each.language == language])
        for language in dict.fromkeys(each.language for each in results)
    }
    total = summarise(results)
    Console(width=None if Console().is_terminal else 120).print(_table(found, total))
    write(output, _report(config, fallback, found, total))
    if total.ours.rate > total.plain.rate + WORSE_BY:
        raise SokujiError("the error rate is more than 0.5 points above that of plain faster-whisper")


async def _measure(config: FasterWhisperConfig, languages: Sequence[str], fallback: bool) -> list[Result]:
    """Every utterance both ways, by turns first, so that a change of the machine's pace hits both alike."""
    spoken = [each for language in languages for each in material(language)]
    ours = FasterWhisper(config)
    await ours.load()
    recognise: dict[str, Recognise] = {"plain": _plainly(config, fallback), "ours": _with(ours)}
    results = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        line = bar.add_task("recognising", total=len(spoken))
        for number, each in enumerate(spoken):
            measured = {}
            for name in sorted(recognise, reverse=number % 2 == 0):
                start = time.perf_counter()
                text = await recognise[name](each)
                measured[name] = (errors(each.words, text, each.language), time.perf_counter() - start)
            results.append(
                Result(
                    each.language,
                    measured["plain"][0],
                    measured["ours"][0],
                    measured["plain"][1],
                    measured["ours"][1],
                )
            )
            bar.advance(line)
    await ours.aclose()
    return results


def _with(provider: FasterWhisper) -> Recognise:
    async def recognise(spoken: Spoken) -> str:
        (answer,) = await provider.transcribe([RecognitionRequest(pcm=spoken.pcm, language=spoken.language)])
        if isinstance(answer, SokujiError):
            raise answer
        return answer.text

    return recognise


def _plainly(config: FasterWhisperConfig, fallback: bool) -> Recognise:
    """faster-whisper as it comes, on the same threads; without ``fallback`` at our temperature only.

    Where it is unsure it samples, up to five times over; the seed makes that the same in each run.
    """
    more = {} if fallback else {"best_of": config.best_of, "temperature": config.temperature}
    ctranslate2.set_random_seed(0)
    path = models.locate("whisper", config.model_size)
    model = WhisperModel(
        str(path), compute_type=config.compute_type, cpu_threads=cpu_threads_per_worker(config)
    )

    def recognise(spoken: Spoken) -> str:
        samples = np.frombuffer(spoken.pcm, "<i2").astype(np.float32) / np.float32(32_768)
        segments, _ = model.transcribe(samples, language=spoken.language, beam_size=config.beam_size, **more)
        return "".join(segment.text for segment in segments)

    async def in_thread(spoken: Spoken) -> str:
        return await asyncio.to_thread(recognise, spoken)

    return in_thread


def _table(found: dict[str, Summary], total: Summary) -> Table:
    table = Table(title="Errors per word, and time per utterance", title_justify="left", box=SIMPLE)
    headings = ("language", "utterances", "words", "plain", "ours", "plain ms", "ours ms", "times as fast")
    for heading in headings:
        table.add_column(heading, justify="right")
    for name, each in found.items():
        table.add_row(f"{name} (characters)" if name in CHARACTERS else name, *_cells(each))
    table.add_section()
    table.add_row("all", *_cells(total))
    return table


def _cells(each: Summary) -> list[str]:
    return [
        str(each.utterances),
        str(each.plain.words),
        f"{each.plain.rate:.1%}",
        f"{each.ours.rate:.1%}",
        f"{1_000 * each.plain_s:,.0f}",
        f"{1_000 * each.ours_s:,.0f}",
        f"{each.speedup:.1f}",
    ]


def _report(
    config: FasterWhisperConfig, fallback: bool, found: dict[str, Summary], total: Summary
) -> dict[str, Any]:
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "recogniser": config.model_dump(),
        "plain_fallback": fallback,
        "languages": {name: _figures(each) for name, each in found.items()},
        "all": _figures(total),
    }


def _figures(each: Summary) -> dict[str, Any]:
    return {
        "utterances": each.utterances,
        "words": each.plain.words,
        "error_rate": {"plain": each.plain.rate, "ours": each.ours.rate},
        "mean_s": {"plain": each.plain_s, "ours": each.ours_s},
        "median_s": {"plain": each.plain_median_s, "ours": each.ours_median_s},
        "speedup": each.speedup,
    }


if __name__ == "__main__":
    app()
