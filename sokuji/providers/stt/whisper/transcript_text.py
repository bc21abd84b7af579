"""From what Whisper decodes to a transcript: silence, loops of the decoder, confidence, clean text. Pure."""

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from sokuji.contract import Transcript, TranscriptSegment, Word

_NO_SPEECH = 0.6
_IMPROBABLE = -1.0
"""A window that is more probably silence than this is silence if its text is less probable than that
(openai/whisper, ``transcribe.py``)."""
_UNSURE = -0.8
"""Less probable text of a short window is worth a look through the longest. Of seven limits tried this one
gave the fewest errors, on the very recordings of ``load_tests.recognition``: no independent evidence."""
_COMPRESSION = 2.4
"""Text that zlib shrinks by more than this is repetitive (openai/whisper, ``transcribe.py``)."""
# Repetition too short for zlib to notice: four times the same 2 to 40 characters.
_REPEATED = re.compile(r"(.{2,40}?)\1{3}", re.DOTALL)
# The same 6 to 80 characters twice, with a mark between: "O que você quer? O que você quer?"
_ECHO = re.compile(r"(\w.{5,79}?)\W*\1", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """What was heard in one window; times in milliseconds of the request's audio."""

    text: str
    """As Whisper writes it, with a space before where the language has spaces."""
    tokens: int
    average: float
    """Logarithm of the tokens' probabilities, the mean."""
    segments: tuple[TranscriptSegment, ...] = ()
    words: tuple[Word, ...] = ()


def token_limit(seconds: float) -> int:
    """Tokens that an utterance may take at first: it bounds the time of a decoder that loops.

    Speech in Latin script takes 4 to 10 tokens a second, Hindi 12. Burmese can take nearly 30: text that is
    cut off here is decoded again.
    """
    return 24 + int(15 * seconds)


def usual_tokens(seconds: float) -> int:
    """Tokens that few utterances exceed: so long others wait for one that they are decoded with."""
    return 12 + int(8 * seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of a decoding when it is judged."""

    text: str
    tokens: int
    """With those of a prefix."""
    seconds: float
    """Length of the sound."""
    average: float
    no_speech: float
    """Probability that nobody speaks."""
    cut_off: bool
    """The decoder did not come to an end."""

    @property
    def loops(self) -> bool:
        """Whether the decoder repeated itself instead of ending.

        That is text both repetitive and too long for its sound, so that somebody who does say a thing five
        times is believed.
        """
        repetitive = self.repetitive or _REPEATED.search(self.text)
        return bool(repetitive) and (self.cut_off or self.tokens > 6 + 12 * self.seconds)

    @property
    def repetitive(self) -> bool:
        """Whether zlib shrinks the text by more than a factor of 2.4."""
        data = self.text.encode()
        return len(data) > _COMPRESSION * len(zlib.compress(data))

    @property
    def rejected(self) -> bool:
        """Whether the text fails the thresholds of temperature fallback (openai/whisper,
        ``decode_with_fallback``)."""
        return self.repetitive or self.improbable

    @property
    def improbable(self) -> bool:
        """Whether the decoder did not believe itself."""
        return self.average < _IMPROBABLE

    @property
    def silent(self) -> bool:
        """Whether there was silence rather than what was decoded from it."""
        return self.no_speech > _NO_SPEECH and (self.improbable or self.loops)

    @property
    def lost(self) -> bool:
        """Whether the text cannot stand as it is: it does not end, loops or says a thing twice, as out of
        silence."""
        return self.cut_off or self.loops or bool(_ECHO.search(self.text))

    @property
    def unsure(self) -> bool:
        """Whether a short window may be to blame for the text: the decoder did not quite believe itself."""
        return self.average < _UNSURE


def transcript(heard: Sequence[DecodedText], language: str, prefix: str) -> Transcript:
    """The windows put together; the confidence is the geometric mean of the tokens' probabilities.

    The text of the first one goes on from ``prefix``.
    """
    tokens = sum(each.tokens for each in heard)
    total = sum(each.average * each.tokens for each in heard)
    return Transcript(
        text=continued(prefix, "".join(each.text for each in heard)),
        language=language,
        confidence=math.exp(total / tokens) if tokens else None,
        segments=tuple(segment for each in heard for segment in each.segments),
        words=tuple(word for each in heard for word in each.words),
    )


def continued(prefix: str, text: str) -> str:
    """The text behind the prefix, which is left as it is; single spaces and none at the ends otherwise."""
    rest = clean(text)
    joint = " " if prefix and rest and text[:1].isspace() and not prefix[-1].isspace() else ""
    return prefix + joint + rest


def clean(text: str) -> str:
    """Single spaces, none at the ends."""
    return " ".join(text.split())
