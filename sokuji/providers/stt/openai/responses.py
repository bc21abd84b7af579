"""Reads OpenAI's transcription responses: ``json``, ``verbose_json``, language names. Pure.

Compatible servers leave out fields that their models cannot fill, or set them to null or 0; only the text is
required.
"""

import math
from typing import Annotated

from pydantic import BaseModel, Field

from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.errors import UnsupportedLanguage
from sokuji.languages import LANGUAGES, parse
from sokuji.providers.stt.cloud_transcript import weighted_mean, words_with_punctuation
from sokuji.providers.stt.text_cleanup import normalise_spaces

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class _TimedSpan(BaseModel):
    start: Seconds
    end: Seconds

    @property
    def times_ms(self) -> tuple[int, int]:
        return round(self.start * 1_000), round(self.end * 1_000)


class _ResponseSegment(_TimedSpan):
    text: str
    avg_logprob: float | None = None


class _ResponseWord(_TimedSpan):
    word: str


class _TokenProbability(BaseModel):
    logprob: float | None = None


class _DetectedLanguage(BaseModel):
    code: str


class TranscriptionResponse(BaseModel):
    """The body of a successful response."""

    text: str
    language: str | None = None
    languages: tuple[_DetectedLanguage, ...] | None = None
    segments: tuple[_ResponseSegment, ...] | None = None
    words: tuple[_ResponseWord, ...] | None = None
    logprobs: tuple[_TokenProbability, ...] | None = None

    @property
    def confidence(self) -> float | None:
        """Geometric mean of the token probabilities; from segments, it is weighted by their length."""
        average = weighted_mean((token.logprob, 1) for token in self.logprobs or ()) or weighted_mean(
            (segment.avg_logprob, segment.end - segment.start) for segment in self.segments or ()
        )
        return None if average is None else min(1.0, math.exp(average))

    @property
    def reported_language(self) -> str | None:
        """Name or code of the language spoken, the first if there are several."""
        return self.language or (self.languages[0].code if self.languages else None)


def to_transcript(response: TranscriptionResponse, request: RecognitionRequest) -> Transcript:
    """The transcript of ``request``.

    Raises:
        UnsupportedLanguage: neither the request nor the response names the language.
    """
    text = normalise_spaces(response.text)
    words = response.words or () if request.word_times else ()
    language = request.language or ""
    if not language and (text or response.reported_language):
        language = language_code(response.reported_language)
    return Transcript(
        text=text,
        language=language,
        confidence=response.confidence if text else None,
        segments=tuple(
            TranscriptSegment(normalise_spaces(segment.text), *segment.times_ms)
            for segment in response.segments or ()
        ),
        words=words_with_punctuation(text, [Word(word.word, *word.times_ms) for word in words]),
    )


def language_code(reported: str | None) -> str:
    """The canonical code of a language, given by its English name ("haitian creole") or by a code.

    Raises:
        UnsupportedLanguage: ``reported`` is empty or not known.
    """
    name = (reported or "").strip().casefold()
    if name in _NAMES:
        return _NAMES[name]
    if not name:
        raise UnsupportedLanguage("the language could not be detected; name it", param="language")
    return parse(name, "language")


# English names of our table, and the names of openai/whisper (``tokenizer.py``) that differ from them.
_NAMES = {entry.name.casefold(): entry.code for entry in LANGUAGES.values()} | {
    "burmese": "my",
    "castilian": "es",
    "flemish": "nl",
    "haitian": "ht",
    "letzeburgesch": "lb",
    "mandarin": "zh",
    "maori": "mi",
    "moldavian": "ro",
    "moldovan": "ro",
    "myanmar": "my",
    "nynorsk": "nn",
    "panjabi": "pa",
    "pushto": "ps",
    "sinhalese": "si",
    "tagalog": "tl",
    "valencian": "ca",
}
