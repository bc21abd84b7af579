"""Judges what Whisper has decoded (silence, repetition, confidence) and joins it to a transcript. Pure."""

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from sokuji.contract import Transcript, TranscriptSegment, Word
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.text.punctuation import has_words

_NO_SPEECH = 0.6
_IMPROBABLE = -1.0
"""A window is silent if its probability of no speech is above the first and the mean log probability of its
text below the second (openai/whisper, ``transcribe.py``)."""
_UNSURE = -0.5
_VERY_UNSURE = -0.8
_SHORT_S = 2.3
"""Text of less audio than this, the lead included, with a lower mean log probability than one of those above
is decoded again in a longer window: "Olá mundo" alone is heard as "Colamundos" in a short one. Longer speech
gains nothing from it. The limits were tried on the samples of ``load_tests.recognition``, so the evidence is
not independent."""
_COMPRESSION = 2.4
"""Text that zlib compresses by more than this factor is repetitive (openai/whisper, ``transcribe.py``)."""
# Repetition that is too short for zlib: four times the same 2 to 40 characters.
_REPEATED = re.compile(r"(.{2,40}?)\1{3}", re.DOTALL)
# The same 6 to 80 characters twice, with punctuation between: "O que você quer? O que você quer?"
_DUPLICATE = re.compile(r"(\w.{5,79}?)\W*\1", re.DOTALL)
# The same words twice ("7 7", "That. That."), or in any script a text that is the same twice ("四、四。").
_SAID_TWICE = re.compile(
    r"(?<!\w)(\w.{0,79}?)\W+\1(?!\w)|^\W*(\w.{0,79}?)\W*\2\W*$", re.DOTALL | re.IGNORECASE
)
_SPARSE_S = 2.5
_SPARSE_TOKENS_PER_S = 3
"""Speech takes 4 to 10 tokens per second: with fewer than 3 in 2.5 s and more, words are probably missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """The text of one window; times in milliseconds of the request's audio."""

    text: str
    """It begins with a space in languages that have spaces."""
    tokens: int
    avg_logprob: float
    """Mean log probability of the tokens."""
    segments: tuple[TranscriptSegment, ...] = ()
    words: tuple[Word, ...] = ()


def token_limit(seconds: float) -> int:
    """Token limit of the first decoding of an utterance; it bounds the time of a decoder that repeats itself.

    Speech in Latin script takes 4 to 10 tokens per second, Hindi 12. Burmese can take nearly 30: text that is
    cut off by this limit is decoded again without it.
    """
    return 24 + int(15 * seconds)


def usual_tokens(seconds: float) -> int:
    """Tokens that few utterances exceed; a batch does not wait for an utterance that does."""
    return 12 + int(8 * seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingQuality:
    """A decoded window, with the criteria by which it is accepted or decoded again."""

    text: str
    tokens: int
    seconds: float
    """Length of the audio."""
    voiced_s: float
    """How much of it is as loud as speech."""
    avg_logprob: float
    no_speech_prob: float
    """Probability that there is no speech."""
    cut_off: bool
    """The token limit was reached before the end token."""

    @property
    def loops(self) -> bool:
        """Whether the decoder repeated itself instead of ending.

        The text must be both repetitive and too long for its audio, because a speaker may really say a phrase
        five times.
        """
        repetitive = self.repetitive or _REPEATED.search(self.text)
        return bool(repetitive) and (self.cut_off or self.tokens > 6 + 12 * self.seconds)

    @property
    def repetitive(self) -> bool:
        """Whether zlib shrinks the text by more than a factor of 2.4."""
        data = self.text.encode()
        return len(data) > _COMPRESSION * len(zlib.compress(data))

    @property
    def empty(self) -> bool:
        """Whether there are no words."""
        return not has_words(self.text)

    @property
    def rejected(self) -> bool:
        """Whether the text fails the thresholds of temperature fallback (openai/whisper,
        ``decode_with_fallback``)."""
        return self.repetitive or self.improbable

    @property
    def improbable(self) -> bool:
        """Whether the text has a low probability."""
        return self.avg_logprob < _IMPROBABLE

    @property
    def silent(self) -> bool:
        """Whether there was no speech, and the text is a hallucination.

        The probability of no speech is reliable in the window length that Whisper was trained on; in a short
        window it is high for short answers too.
        """
        return self.no_speech_prob > _NO_SPEECH and (self.improbable or self.loops)

    @property
    def said_twice(self) -> bool:
        """Whether the same words come twice in a row.

        In a short window the decoder doubles short answers; in the full window it does not, and writes twice
        what was said twice.
        """
        return bool(_SAID_TWICE.search(self.text) or _DUPLICATE.search(self.text))

    @property
    def sparse(self) -> bool:
        """Whether there are too few words for the speech: the decoder has passed over some."""
        return self.voiced_s > _SPARSE_S and self.tokens < _SPARSE_TOKENS_PER_S * self.voiced_s

    @property
    def implausible(self) -> bool:
        """Whether the text of speech in a short window has to be decoded again in the full one."""
        return self.empty or self.improbable or self.cut_off or self.loops or self.said_twice or self.sparse

    def unsure(self, *, thorough: bool) -> bool:
        """Whether a longer window may improve the text enough: of a short utterance, and not very probable.

        Args:
            thorough: whether any improvement is worth the time; else the text must be quite improbable.
        """
        return self.seconds < _SHORT_S and self.avg_logprob < (_UNSURE if thorough else _VERY_UNSURE)


def join_windows(windows: Sequence[DecodedText], language: str) -> Transcript:
    """The transcript of all windows; its confidence is the geometric mean of the token probabilities."""
    tokens = sum(window.tokens for window in windows)
    total = sum(window.avg_logprob * window.tokens for window in windows)
    return Transcript(
        text=normalise_spaces("".join(window.text for window in windows)),
        language=language,
        confidence=math.exp(total / tokens) if tokens else None,
        segments=tuple(segment for window in windows for segment in window.segments),
        words=tuple(word for window in windows for word in window.words),
    )
