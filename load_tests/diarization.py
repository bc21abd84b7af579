"""The diarization error rate of people who take turns, without a service and without a recogniser.

``python -m load_tests.diarization``
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from load_tests.measurements.diarization_error import DiarizationError, LabelledSpan, diarization_error
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import loaded, result
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.cli.console import one_line_failures
from sokuji.config import CampPlusConfig, SegmentationSettings
from sokuji.contract import DiarizationRequest, Diarizer, Transcript, Word
from sokuji.measure.samples import sentences
from sokuji.pipeline.detected_speech import DetectedSpeech, utterances
from sokuji.pipeline.diarization import speaker_parts
from sokuji.pipeline.speaker_labels import SpeakerLabels

PEOPLE = ("en", "es", "fr", "hi", "it", "ja", "zh")
"""Languages whose recordings are of one person each, who speaks in no other of them."""
TURNS = 12
SPEAKERS = (1, 2, 3, 4)
PAUSES_MS = (0, 250, 800)
"""Between two turns: none; one that ends no utterance; one that does."""
WORD_MS = 200

app = options.command_line()


@dataclass(frozen=True, slots=True)
class Measured:
    """Conversations of so many speakers with one length of pauses."""

    speakers: int
    pause_ms: int
    conversations: int
    error: DiarizationError
    found: float
    """Mean number of speakers that were told apart."""


COLUMNS: Columns[Measured] = {
    "speakers": lambda each: str(each.speakers),
    "pause": lambda each: f"{each.pause_ms} ms",
    "speech": lambda each: f"{each.error.speech_s:.0f} s",
    "error rate": lambda each: f"{each.error.rate:.1%}",
    "missed": lambda each: f"{each.error.missed_s / each.error.speech_s:.1%}",
    "false alarm": lambda each: f"{each.error.false_alarm_s / each.error.speech_s:.1%}",
    "wrong speaker": lambda each: f"{each.error.confused_s / each.error.speech_s:.1%}",
    "speakers found": lambda each: f"{each.found:.1f}",
}


@app.command()
@one_line_failures()
def main(
    conversations: Annotated[int, typer.Option(min=1, help="Conversations for each row.")] = 4,
    output: OutputOption = None,
) -> None:
    """Measure who is found to speak in conversations joined from recordings of seven people."""
    measured = asyncio.run(_measure(conversations))
    show([columns_table("Who speaks", COLUMNS, measured)])
    write(output, {"conversations": [asdict(each) for each in measured]})


async def _measure(count: int) -> list[Measured]:
    clips = {person: sentences(person) for person in PEOPLE}
    rows = [(speakers, pause_ms) for speakers in SPEAKERS for pause_ms in PAUSES_MS]
    async with loaded("speakers", CampPlusConfig()) as diarizer:
        return [await _row(diarizer, clips, *row, count) for row in tracked(rows, "conversations")]


async def _row(
    diarizer: Diarizer, clips: Mapping[str, Sequence[bytes]], speakers: int, pause_ms: int, count: int
) -> Measured:
    error, found_speakers = DiarizationError(0, 0, 0, 0), 0
    for seed in range(count):
        pcm, reference = conversation(clips, speakers, pause_ms, seed)
        found = [span async for span in _diarized(diarizer, pcm)]
        error += diarization_error(reference, found)
        found_speakers += len({span.speaker for span in found})
    return Measured(speakers, pause_ms, count, error, found_speakers / count)


def conversation(
    clips: Mapping[str, Sequence[bytes]], speakers: int, pause_ms: int, seed: int
) -> tuple[bytes, list[LabelledSpan]]:
    """People who take turns of one recording each, and who speaks when."""
    rng = random.Random(seed)
    people = rng.sample(list(clips), speakers)
    pause = bytes(2 * pause_ms * RECOGNISER_RATE // 1_000)
    pcm, spans = bytearray(), []
    speaker = people[0]
    for _ in range(TURNS):
        start_ms = duration_ms(pcm, RECOGNISER_RATE)
        pcm += rng.choice(clips[speaker])
        spans.append(LabelledSpan(start_ms, duration_ms(pcm, RECOGNISER_RATE), speaker))
        pcm += pause
        speaker = rng.choice([each for each in people if each != speaker] or people)
    return bytes(pcm), spans


async def _diarized(diarizer: Diarizer, pcm: bytes) -> AsyncIterator[LabelledSpan]:
    """What the service finds, with words of ``WORD_MS`` each in place of a recogniser's."""
    labels = SpeakerLabels()
    async for speech in utterances(pcm, SegmentationSettings()):
        (answer,) = await diarizer.diarize([DiarizationRequest(pcm=speech.utterance.pcm)])
        heard = _worded(speech, Transcript(text="", language="en", speakers=result(answer)))
        for part in speaker_parts(heard):
            start = speech.utterance.start_ms
            yield LabelledSpan(start + part.start_ms, start + part.end_ms, labels.label(part, heard))


def _worded(speech: DetectedSpeech, heard: Transcript) -> Transcript:
    offset = speech.speech_start_ms - speech.utterance.start_ms
    starts = range(offset, offset + max(speech.speech_ms, WORD_MS), WORD_MS)
    ends = [min(start + WORD_MS, offset + speech.speech_ms) for start in starts]
    words = tuple(Word("a", start, end) for start, end in zip(starts, ends, strict=True))
    return Transcript(
        text=" ".join("a" for _ in words), language=heard.language, words=words, speakers=heard.speakers
    )


if __name__ == "__main__":
    app()
