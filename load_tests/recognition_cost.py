"""Processor time of recognising live speech: partial transcripts, and the final one in the pause.

Each recording is recognised as in a session that has the recogniser for itself: after so much speech for the
first time, then at the interval of partial transcripts, each time from the stable words on.

``python -m load_tests.recognition_cost``
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from load_tests.measurements.capacity import SETTINGS
from load_tests.measurements.word_errors import ErrorCount, count_errors
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, header, show, write
from load_tests.scenarios import options
from load_tests.scenarios.speech_samples import SpeechSample, padded, recordings
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.console import one_line_failures
from sokuji.config import StreamingSettings
from sokuji.errors import NotRecognised
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.hypotheses import MIN_SPEECH_MS
from sokuji.text.stable_text import StableText

app = options.command_line()


@dataclass(frozen=True, slots=True)
class RecognitionCost:
    """One recording, or several."""

    seconds: float
    """Of the audio, with the silence that a session leaves around the speech."""
    partials: int
    partials_with_words: int
    """The others were left out as implausible."""
    partial_cpu_s: float
    final_cpu_s: float
    errors: ErrorCount
    """Of the final transcripts."""

    def __add__(self, other: "RecognitionCost") -> "RecognitionCost":
        return RecognitionCost(
            self.seconds + other.seconds,
            self.partials + other.partials,
            self.partials_with_words + other.partials_with_words,
            self.partial_cpu_s + other.partial_cpu_s,
            self.final_cpu_s + other.final_cpu_s,
            self.errors + other.errors,
        )


COLUMNS: Columns[tuple[str, RecognitionCost]] = {
    "language": lambda row: row[0],
    "audio, s": lambda row: f"{row[1].seconds:.1f}",
    "partials": lambda row: str(row[1].partials),
    "with words": lambda row: str(row[1].partials_with_words),
    "CPU of partials, s/s": lambda row: f"{row[1].partial_cpu_s / row[1].seconds:.3f}",
    "of finals": lambda row: f"{row[1].final_cpu_s / row[1].seconds:.3f}",
    "errors of finals": lambda row: f"{row[1].errors.rate:.1%}",
}


@app.command()
@one_line_failures()
def main(
    languages: options.LanguagesOption = options.ALL_LANGUAGES,
    output: OutputOption = None,
) -> None:
    """Measure the processor time of recognition for a second of speech."""
    names = list(dict.fromkeys(languages.split(",")))
    costs = asyncio.run(_measure(names))
    total = costs[0]
    for cost in costs[1:]:
        total += cost
    rows = list(zip(names, costs, strict=True))
    show([columns_table("Recognition of live speech", COLUMNS, [*rows, None, ("all", total)])])
    write(output, {**header(), "languages": {name: asdict(cost) for name, cost in rows}})


async def _measure(languages: Sequence[str]) -> list[RecognitionCost]:
    costs: dict[str, RecognitionCost] = {}
    samples = [each for language in languages for each in recordings(language)]
    async with local_pipeline(translation=(), tts=()) as pipeline:
        for sample in tracked(samples, "recognising"):
            heard = padded(sample, SETTINGS.pre_roll_ms, SETTINGS.padding_ms)
            cost = await _cost(pipeline, heard)
            before = costs.get(sample.language)
            costs[sample.language] = before + cost if before else cost
    return [costs[language] for language in languages]


async def _cost(pipeline: Pipeline, sample: SpeechSample) -> RecognitionCost:
    words, texts = StableText(), []
    began = time.process_time()
    for spoken_ms in _partial_ends_ms(sample):
        pcm = sample.pcm[: 2 * spoken_ms * RECOGNISER_RATE // 1_000]
        partial = await pipeline.recognise(pcm, sample.language, draft=words.text, interim=True)
        texts.append(partial.text)
        if partial.text:
            words.add(partial.text)
    spoken = time.process_time()
    final = words.stable
    with suppress(NotRecognised):
        final = (await pipeline.recognise(sample.pcm, sample.language, draft=words.text)).text
    ended = time.process_time()
    errors = count_errors(sample.text, words.finish(final), sample.language)
    with_words = sum(map(bool, texts))
    return RecognitionCost(sample.seconds, len(texts), with_words, spoken - began, ended - spoken, errors)


def _partial_ends_ms(sample: SpeechSample) -> range:
    """Length of the audio at each partial transcript; the interval begins when the speech is noticed."""
    interval_ms = StreamingSettings().partial_interval_ms
    first_ms = max(MIN_SPEECH_MS, SETTINGS.pre_roll_ms + SETTINGS.min_speech_ms + interval_ms)
    return range(first_ms, round(1_000 * sample.seconds) - SETTINGS.padding_ms, interval_ms)


if __name__ == "__main__":
    app()
