"""Whether the voices say what is written: sentences with numbers and signs are spoken and recognised again.

``python -m load_tests.spoken_values --output spoken_values.json``
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from load_tests.measurements.heard_values import hears_value
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.written_texts import LANGUAGES, WrittenText, written_texts
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.console import one_line_failures
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.voice_selection import DEFAULT_VOICE

PAUSE_MS = 300
"""Silence before the voice and after it."""

app = options.command_line()


@dataclass(frozen=True, slots=True)
class HeardText:
    """What the recogniser made of a sentence."""

    language: str
    written: str
    heard: str
    same: bool


def summary(texts: Sequence[HeardText]) -> dict[str, dict[str, int]]:
    """Sentences, and those whose value was heard, by language."""
    languages = sorted({each.language for each in texts})
    by_language = {language: [each for each in texts if each.language == language] for language in languages}
    return {
        language: {"sentences": len(heard), "same": sum(each.same for each in heard)}
        for language, heard in by_language.items()
    }


COLUMNS: Columns[tuple[str, dict[str, int]]] = {
    "language": lambda row: row[0],
    "sentences": lambda row: str(row[1]["sentences"]),
    "heard with their value": lambda row: str(row[1]["same"]),
}


@app.command()
@one_line_failures()
def main(
    languages: Annotated[
        str, typer.Option(help="Languages.", callback=options.among(LANGUAGES, "sentences in"))
    ] = ",".join(LANGUAGES),
    output: OutputOption = None,
) -> None:
    """Speak every sentence with the embedded voice of its language, and recognise it with the embedded
    recogniser."""
    texts = [each for language in languages.split(",") for each in written_texts(language)]
    heard = asyncio.run(_measure(texts))
    figures = summary(heard)
    show([columns_table("Sentences whose value was heard again", COLUMNS, list(figures.items()))])
    for each in heard:
        if not each.same:
            typer.echo(f"{each.language}: {each.written} -> {each.heard}")
    report: dict[str, Any] = {"languages": figures, "sentences": [asdict(each) for each in heard]}
    write(output, report)


async def _measure(texts: Sequence[WrittenText]) -> list[HeardText]:
    async with local_pipeline(translation=()) as pipeline:
        return [await heard_text(pipeline, each) for each in tracked(texts, "speaking")]


async def heard_text(pipeline: Pipeline, text: WrittenText) -> HeardText:
    """A sentence, spoken by the default voice of its language and recognised."""
    pause = bytes(2 * RECOGNISER_RATE * PAUSE_MS // 1_000)
    chunks = pipeline.speak(text.written, text.language, voice_id=DEFAULT_VOICE, sample_rate=RECOGNISER_RATE)
    speech = b"".join([chunk.pcm async for chunk in chunks])
    heard = (await pipeline.recognise(pause + speech + pause, text.language)).text
    return HeardText(text.language, text.written, heard, hears_value(text.written, heard, text.language))


if __name__ == "__main__":
    app()
