"""Sentences lost in recordings of several, against plain faster-whisper on the same recordings.

``python -m load_tests.lost_speech --recordings 200``; ``--equal`` says one sentence again and again, which
recognisers take for one that was said once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from load_tests.measurements.lost_sentences import lost_alone, lost_sentences
from load_tests.progress import progress, tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import EMBEDDED, plain_faster_whisper
from load_tests.scenarios.speech_samples import SpeechSample, padded, recordings, silence
from sokuji.cli.console import one_line_failures
from sokuji.config import Deadlines, SegmentationSettings
from sokuji.errors import SokujiError
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret

GAPS_MS = (200, 1_000)
"""Range of the silence between two sentences."""
SENTENCES = (3, 6)
"""Range of the number of sentences."""
PATIENCE_S = 600
"""Limit for an utterance: other load on the machine must not end the run."""

app = options.command_line()


@dataclass(frozen=True, slots=True)
class JoinedSpeech:
    """A recording, and the sentences that are spoken in it."""

    recording: SpeechSample
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LostSpeech:
    """Sentences of one language, and how many of them each of the two has lost."""

    language: str
    sentences: int
    plain: int
    ours: int
    only_ours: int
    """Lost by this recogniser, but not by plain faster-whisper."""
    unreported: int
    """Of those, in recordings of which no part was reported as not recognised."""


COLUMNS: Columns[LostSpeech] = {
    "language": lambda each: each.language,
    "sentences": lambda each: str(each.sentences),
    "lost by plain": lambda each: str(each.plain),
    "lost by ours": lambda each: str(each.ours),
    "by ours alone": lambda each: str(each.only_ours),
    "not reported": lambda each: str(each.unreported),
}


def joined_speech(
    languages: Sequence[str], count: int, seed: int, *, equal: bool = False
) -> list[JoinedSpeech]:
    """Recordings of several sentences of one language, in random order with random gaps.

    Args:
        languages: taken in turns.
        equal: whether all sentences of a recording are the same.
    """
    chance = random.Random(seed)
    joined = []
    for number in range(count):
        language = languages[number % len(languages)]
        chosen = chance.choices(recordings(language), k=chance.randint(*SENTENCES))
        chosen = chosen[:1] * len(chosen) if equal else chosen
        pcm = b"".join(each.pcm + silence(chance.uniform(*GAPS_MS)) for each in chosen)
        texts = tuple(each.text for each in chosen)
        sample = padded(SpeechSample(language, pcm, " ".join(texts)), 300, 100)
        joined.append(JoinedSpeech(sample, texts))
    return joined


@app.command()
@one_line_failures()
def main(
    count: Annotated[int, typer.Option("--recordings", min=1, max=10_000, help="How many are made.")] = 200,
    languages: options.LanguagesOption = options.ALL_LANGUAGES,
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Of plain faster-whisper.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the orders and the gaps.")] = 0,
    equal: Annotated[
        bool, typer.Option("--equal", help="All sentences of a recording are the same.")
    ] = False,
    only: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Recordings to try, like 77,83 (0 is the first); else all.")
    ] = "",
    output: OutputOption = None,
) -> None:
    """Count lost sentences; the exit code is 1 if one is lost that plain faster-whisper has, unreported."""
    made = joined_speech(languages.split(","), count, seed, equal=equal)
    tried = options.recording_numbers(only, count) if only else list(range(count))
    rows = asyncio.run(_measure({number: made[number] for number in tried}, beam_size))
    show([columns_table(f"Sentences lost in {len(tried)} recordings", COLUMNS, rows)])
    write(
        output,
        {
            "recordings": count,
            "tried": tried,
            "seed": seed,
            "equal": equal,
            "plain_beam_size": beam_size,
            "languages": [asdict(each) for each in rows],
        },
    )
    if lost := sum(each.unreported for each in rows):
        raise SokujiError(f"{lost} sentences are lost without a report that plain faster-whisper has")


async def _measure(joined: Mapping[int, JoinedSpeech], beam_size: int) -> list[LostSpeech]:
    plain = plain_faster_whisper(EMBEDDED, beam_size=beam_size)
    counts: dict[str, Counter[str]] = {}
    async with local_pipeline(translation=(), tts=(), deadlines=Deadlines(stt_s=PATIENCE_S)) as pipeline:
        for number, each in tracked(list(joined.items()), "recognising"):
            language = each.recording.language
            text, unrecognised = await _transcribe(pipeline, each.recording)
            ours = lost_sentences(each.sentences, text, language)
            reference = await plain(each.recording)
            theirs = lost_sentences(each.sentences, reference, language)
            alone = lost_alone(each.sentences, ours, theirs)
            count = counts.setdefault(language, Counter())
            count.update(sentences=len(each.sentences), plain=len(theirs), ours=len(ours))
            count.update(only_ours=len(alone), unreported=0 if unrecognised else len(alone))
            for sentence in alone:
                progress(f"lost in {number}: {sentence!r} in {text!r}; plain: {reference!r}")
    return [LostSpeech(language, **count) for language, count in counts.items()]


async def _transcribe(pipeline: Pipeline, recording: SpeechSample) -> tuple[str, int]:
    """The transcript, and the number of parts that were not recognised."""
    texts, unrecognised = [], 0
    utterances = interpret(
        pipeline,
        recording.pcm,
        source=recording.language,
        target=None,
        segmentation=SegmentationSettings(),
        concurrency=1,
    )
    async with aclosing(utterances):
        async for each in utterances:
            if isinstance(each, RecordedUtterance):
                texts.append(each.transcript.text)
            else:
                unrecognised += 1
    return " ".join(texts), unrecognised


if __name__ == "__main__":
    app()
