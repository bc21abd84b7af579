"""Whether the translated voice can be understood: a recogniser transcribes it, compared with its text.

A recogniser makes errors with people too. Its own share is measured on the recordings of the same language;
those are other voices that say other sentences, so it is a hint and no number to subtract.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from load_tests.measurements.word_errors import ErrorCount, count_errors
from load_tests.progress import tracked
from load_tests.scenarios.recognisers import transcribe
from load_tests.scenarios.response_log import UtteranceResponse
from load_tests.scenarios.speech_samples import SpeechSample, padded, recordings
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.contract import Recogniser
from sokuji.measure.samples import LANGUAGES

PAUSE_MS = 300
"""Silence around the voice, as a session leaves it around speech."""


@dataclass(frozen=True, slots=True)
class Intelligibility:
    """Word errors of a recogniser."""

    voice: ErrorCount
    """On the translated voice."""
    recordings: ErrorCount | None
    """On the recordings of that language; None: there are none."""


async def intelligibility(
    recogniser: Recogniser, utterances: Sequence[UtteranceResponse], language: str
) -> Intelligibility | None:
    """The voice of the utterances against their translations; None where nothing was translated.

    Translated words that have no voice are errors.
    """
    voices = [
        SpeechSample(language, each.sound(RECOGNISER_RATE), each.translation)
        for each in utterances
        if each.translation
    ]
    if not voices:
        return None
    errors = [await _errors(recogniser, each) for each in tracked(voices, "recognising the voice")]
    people = recordings(language) if language in LANGUAGES else ()
    alone = [await _errors(recogniser, each) for each in people]
    return Intelligibility(sum(errors, ErrorCount()), sum(alone, ErrorCount()) if alone else None)


async def _errors(recogniser: Recogniser, sample: SpeechSample) -> ErrorCount:
    text = await transcribe(recogniser, padded(sample, PAUSE_MS, PAUSE_MS)) if sample.pcm else ""
    return count_errors(sample.text, text, sample.language)
