"""Whether the translated voice can be understood: our own recogniser hears it, and is compared with its text.

A recogniser mishears people too. Its share is what it makes of the recordings of the same language; those are
other voices that say other sentences, so it is a hint and no number to subtract.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from load_tests.answers import Utterance
from load_tests.material import transcripts
from load_tests.words import Errors, errors
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest
from sokuji.errors import SokujiError
from sokuji.measure.samples import LANGUAGES, sentences
from sokuji.providers.stt.whisper.provider import FasterWhisper

RECOGNISER = FasterWhisperConfig()
"""The recogniser of the embedded default, whatever the service has."""
PAUSE_MS = 300
"""Silence around the voice, as a session leaves it around speech."""


@dataclass(frozen=True, slots=True)
class Understood:
    """How much of a voice a recogniser mishears."""

    voice: Errors
    recordings: Errors | None
    """The same recogniser on the recordings of that language; None: there are none."""


async def understood(
    recogniser: FasterWhisper, utterances: Sequence[Utterance], language: str
) -> Understood | None:
    """The voice of the utterances against their translations; None where nothing was translated.

    Translated words that have no voice are errors.
    """
    spoken = [each for each in utterances if each.translation]
    if not spoken:
        return None
    voice = Errors()
    console = Console(stderr=True)
    hidden = not console.is_terminal
    for each in track(spoken, f"hearing {language}", console=console, transient=True, disable=hidden):
        heard = await _hear(recogniser, each.sound(RECOGNISER_RATE), language)
        voice += errors(each.translation, heard, language)
    return Understood(voice, await _recordings(recogniser, language))


@asynccontextmanager
async def loaded() -> AsyncIterator[FasterWhisper]:
    """``RECOGNISER`` in this process."""
    recogniser = FasterWhisper(RECOGNISER)
    try:
        await recogniser.load()
        yield recogniser
    finally:
        await recogniser.aclose()


async def _recordings(recogniser: FasterWhisper, language: str) -> Errors | None:
    if language not in LANGUAGES:
        return None
    found = Errors()
    for pcm, words in zip(sentences(language), transcripts(language), strict=True):
        found += errors(words, await _hear(recogniser, pcm, language), language)
    return found


async def _hear(recogniser: FasterWhisper, pcm: bytes, language: str) -> str:
    if not pcm:
        return ""
    silence = bytes(2 * PAUSE_MS * RECOGNISER_RATE // 1_000)
    request = RecognitionRequest(pcm=silence + pcm + silence, language=language)
    (answer,) = await recogniser.transcribe([request])
    if isinstance(answer, SokujiError):
        raise answer
    return answer.text
