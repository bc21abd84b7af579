"""How well a service hears, translates and speaks, and how far it lags behind the speaker.

``python -m load_tests.quality --from pt,es --to en --output quality.json``
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from load_tests import machine
from load_tests.options import languages
from load_tests.reports import OutputOption, write
from load_tests.round_trip import RECOGNISER, Understood, loaded, understood
from load_tests.said import Load, Said, speak
from load_tests.scores import Scores, score
from load_tests.service import started
from load_tests.speaking import service_info
from load_tests.words import CHARACTERS, Errors
from sokuji.cli.console import CommitOption, one_line_failures, service_url, target_language
from sokuji.client.config import Config
from sokuji.errors import SokujiError

CONFIG, PORT = Path("serve_config.yaml"), 8020
"""Of a service of our own."""

WAYS = {"clock": "computation_aware", "read": "not_computation_aware"}
TRANSLATION = ("chrf", "chrf_normalised", "bleu")

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
@one_line_failures()
def main(
    url: Annotated[
        str, typer.Option(metavar="URL", callback=service_url, help="A running service; without it, our own.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="Serve config of our own; serve_config.yaml.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port of our own; 8020.", show_default=False)
    ] = None,
    source: Annotated[
        str, typer.Option("--from", callback=languages, help="Language spoken, or several: pt,es.")
    ] = "pt",
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language wanted.")] = "en",
    sessions: Annotated[int, typer.Option(min=1, max=64, help="Sessions at once.")] = 1,
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in a session.")] = 60.0,
    run_on: Annotated[
        int, typer.Option(min=1, max=3, help="Recorded sentences that are said without a pause.")
    ] = 1,
    commit: CommitOption = None,
    output: OutputOption = None,
) -> None:
    """Measure quality; the exit code is 1 if a sentence was lost or something committed was taken back."""
    if url and (config or port):
        raise typer.BadParameter("either --url, or --config and --port of a service of our own")
    load = Load(sessions, duration, run_on)
    wanted = [
        Config(source_language=each, target_language=target, commit=commit, partials=True)
        for each in source.split(",")
    ]
    about, said = asyncio.run(_converse(url, config or CONFIG, port or PORT, wanted, load))
    found = [score(each, of.source_language, target) for of, each in zip(wanted, said, strict=True)]
    voices = asyncio.run(_understood(said, target))
    console = Console(width=None if Console().is_terminal else 140)
    console.print(table(found, voices))
    console.print(*_footnotes(found, voices, target), sep="\n", highlight=False)
    if output is not None:
        report = {
            **about,
            "load": {**asdict(load), "commit": commit, "partials": True},
            "voice_heard_by": RECOGNISER.model_dump(),
            "pairs": [_figures(*each) for each in zip(found, voices, said, strict=True)],
        }
        write(output, report)
    if any(each.lost or each.taken_back for each in found):
        raise SokujiError("sentences were lost, or what had been committed was taken back")


async def _converse(
    url: str, config: Path, port: int, wanted: Sequence[Config], load: Load
) -> tuple[dict[str, Any], list[list[Said]]]:
    """What was measured, when and where; and its sessions in each language, one language after another."""
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    about: dict[str, Any] = {"measured": measured, "machine": machine.describe()}
    async with AsyncExitStack() as stack:
        if not url:
            running = await stack.enter_async_context(started(config, port))
            url, about = running.url, about | running.described()
        about["service"] = await asyncio.to_thread(service_info, url)
        return about, [await speak(url, each, load) for each in wanted]


async def _understood(said: Sequence[Sequence[Said]], language: str) -> list[Understood | None]:
    """The voice of the answers; the service, if it is our own, has ended and leaves us the cores."""
    async with loaded() as recogniser:
        return [
            await understood(
                recogniser, [each for one in sessions for each in one.answers.utterances], language
            )
            for sessions in said
        ]


def table(found: Sequence[Scores], voices: Sequence[Understood | None]) -> Table:
    """Two rows for each pair of languages, because there are two ways to count a lag."""
    title = "Errors, scores of translations, lag in milliseconds, captions"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    headings = (
        "pair", "said", "lost", "word errors", "chrF", "norm.", "BLEU", "voice errors",
        "erased", "taken back", "lag", "AL", "LAAL", "ATD of voice",
    )  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="right")
    for each, voice in zip(found, voices, strict=True):
        cells = _cells(each, voice)
        for number, (way, name) in enumerate(WAYS.items()):
            lags = (each.average_lagging, each.length_adaptive, each.token_delay)
            times = ("-" if lag is None else f"{getattr(lag, name):,.0f}" for lag in lags)
            table.add_row(*([""] * len(cells) if number else cells), way, *times)
        table.add_section()
    return table


def _cells(each: Scores, voice: Understood | None) -> list[str]:
    score = each.translation
    return [
        f"{each.source} to {each.target}",
        str(each.sentences),
        str(each.lost),
        f"{each.recognition.rate:.1%}" + ("*" if each.source in CHARACTERS else ""),
        *("-" if score is None else f"{getattr(score, name):.1f}" for name in TRANSLATION),
        f"{voice.voice.rate:.1%}" if voice else "-",
        f"{each.normalized_erasure:.2f}",
        str(each.taken_back),
    ]


def _footnotes(found: Sequence[Scores], voices: Sequence[Understood | None], target: str) -> Iterator[str]:
    """What the numbers cannot be read without."""
    yield from dict.fromkeys(
        line for each in found if each.translation for line in each.translation.signatures
    )
    yield f"of each language there are {max(each.distinct for each in found)} sentences, said again and again"
    if any(each.source in CHARACTERS for each in found):
        yield "*: errors in characters, not words"
    alone = next((each.recordings for each in voices if each is not None), None)
    if alone is not None:
        yield (
            "voice errors contain those of the recogniser that hears the voice; of the recordings in "
            f"{target!r}, which are other sentences, it mishears {alone.rate:.1%}"
        )


def _figures(scores: Scores, voice: Understood | None, said: Sequence[Said]) -> dict[str, Any]:
    """One pair of languages, ready for JSON."""
    return {
        **asdict(scores),
        "recognition": _rate(scores.recognition),
        "recognition_unit": "characters" if scores.source in CHARACTERS else "words",
        "normalized_erasure": scores.normalized_erasure,
        "voice": voice and {"errors": _rate(voice.voice), "recogniser_alone": _rate(voice.recordings)},
        "errors": dict(sum((each.errors for each in said), Counter())),
        "texts": _texts(said),
    }


def _rate(errors: Errors | None) -> dict[str, float] | None:
    return None if errors is None else {**asdict(errors), "rate": errors.rate}


def _texts(said: Sequence[Said]) -> list[dict[str, str]]:
    """What was heard and how that was translated, each only once."""
    utterances = [utterance for each in said for utterance in each.answers.utterances]
    pairs = dict.fromkeys((each.text, each.translation) for each in utterances)
    return [{"heard": heard, "translation": translation} for heard, translation in pairs]


if __name__ == "__main__":
    app()
