"""From OpenAI's answers to transcripts: ``json``, ``verbose_json``, languages by their English names. Pure.

Other servers of the protocol leave out what their models cannot tell, or write null or 0 there; all but the
text may be missing.
"""

import math
from typing import Annotated

from pydantic import BaseModel, Field

from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.errors import UnsupportedLanguage
from sokuji.languages import LANGUAGES, parse
from sokuji.providers.stt.cloud_transcript import spread, weighted
from sokuji.providers.stt.whisper.transcript_text import clean

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class _Piece(BaseModel):
    start: Seconds
    end: Seconds

    @property
    def times_ms(self) -> tuple[int, int]:
        return round(self.start * 1_000), round(self.end * 1_000)


class _Segment(_Piece):
    text: str
    avg_logprob: float | None = None


class _Word(_Piece):
    word: str


class _Token(BaseModel):
    logprob: float | None = None


class _Language(BaseModel):
    code: str


class TranscriptionResponse(BaseModel):
    """The body of a good answer."""

    text: str
    language: str | None = None
    languages: tuple[_Language, ...] | None = None
    segments: tuple[_Segment, ...] | None = None
    words: tuple[_Word, ...] | None = None
    logprobs: tuple[_Token, ...] | None = None

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the tokens' probabilities: of segments weighted by their length."""
        average = weighted((token.logprob, 1) for token in self.logprobs or ()) or weighted(
            (segment.avg_logprob, segment.end - segment.start) for segment in self.segments or ()
        )
        return None if average is None else min(1.0, math.exp(average))

    @property
    def heard(self) -> str | None:
        """What it says of the language: a name or a code; of several the first."""
        return self.language or (self.languages[0].code if self.languages else None)


def transcript(answer: TranscriptionResponse, request: RecognitionRequest) -> Transcript:
    """The answer to ``request``.

    Raises:
        UnsupportedLanguage: nobody has said which language it is: it was to be detected, and was not.
    """
    text = clean(answer.text)
    words = answer.words or () if request.word_times else ()
    return Transcript(
        text=text,
        language=request.language or (language(answer.heard) if text or answer.heard else ""),
        confidence=answer.confidence if text else None,
        segments=tuple(
            TranscriptSegment(clean(segment.text), *segment.times_ms) for segment in answer.segments or ()
        ),
        words=spread(text, [Word(word.word, *word.times_ms) for word in words]),
    )


def language(heard: str | None) -> str:
    """The canonical code of a language that an answer names in English ("haitian creole") or by a code.

    Raises:
        UnsupportedLanguage: it names none, or none that is known.
    """
    name = (heard or "").strip().casefold()
    if name in _NAMES:
        return _NAMES[name]
    if not name:
        raise UnsupportedLanguage("the language could not be detected; name it", param="language")
    return parse(name, "language")


# Where the names of openai/whisper, ``tokenizer.py``, are not those of the table.
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
