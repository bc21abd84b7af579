"""From what Whisper decodes to a transcript: loops of the decoder, confidence, clean text. Pure.

A *window* is the 30 s that Whisper's encoder hears at once; segments of one window share its scores.
"""

import math
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from sokuji.providers.base import Segment, Transcript

LEAD_S = 0.3
"""Silence put before every utterance: Whisper mishears speech that begins with the very first sample."""
NO_SPEECH = 0.6
"""Above this a window is taken for silence if its text is improbable (openai/whisper, ``transcribe.py``)."""
_COMPRESSION = 2.4
"""Text that zlib shrinks by more than this is repetitive (openai/whisper, ``transcribe.py``)."""
# Repetition too short for zlib to notice: four times the same 2 to 40 characters.
_REPEATED = re.compile(r"(.{2,40}?)\1{3}", re.DOTALL)
_WINDOW_S = 30
_MAX_NEW_TOKENS = 440
"""Whisper's context of 448 tokens, less those that begin every decoding."""
_MAX_PROMPT = 223


class Heard(Protocol):
    """A segment as faster-whisper gives it; times in seconds, ``seek`` in hundredths of a second."""

    seek: int
    start: float
    end: float
    text: str
    tokens: Sequence[int]
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


H = TypeVar("H", bound=Heard)


def token_limit(seconds: float, prompt: int = 0) -> int:
    """Tokens that one window of an utterance may take: it bounds the time of a decoder that loops.

    Speech in Latin script takes 4 to 10 tokens a second, Hindi 12, Burmese nearly 30. ``prompt`` is the
    number of tokens that the context takes away; of a longer one Whisper keeps the last 223.
    """
    return min(_MAX_NEW_TOKENS - min(prompt, _MAX_PROMPT), 32 + int(30 * seconds))


def loops(segments: Sequence[H], seconds: float) -> list[H]:
    """Segments of windows in which the decoder repeated itself instead of ending.

    That is text both repetitive and too long for its sound, so that somebody who does say a thing five times
    is believed. ``seconds`` is the length of the whole utterance with its lead.
    """
    found: list[H] = []
    for seek, group in groupby(segments, lambda segment: segment.seek):
        window = list(group)
        text = "".join(segment.text for segment in window)
        tokens = sum(len(segment.tokens) for segment in window)
        audible = min(_WINDOW_S, seconds - seek / 100)
        repetitive = window[0].compression_ratio > _COMPRESSION or _REPEATED.search(text) is not None
        if repetitive and tokens > 6 + 12 * audible:
            found += window
    return found


def transcript(segments: Sequence[Heard], language: str, seconds: float) -> Transcript:
    """The segments put together; the confidence is the geometric mean of the tokens' probabilities.

    ``seconds`` is the length of what Whisper heard; the lead is taken off the times.
    """
    tokens = sum(len(segment.tokens) for segment in segments)
    log_probability = sum(segment.avg_logprob * len(segment.tokens) for segment in segments)
    return Transcript(
        text=_clean("".join(segment.text for segment in segments)),
        language=language,
        confidence=math.exp(log_probability / tokens) if tokens else None,
        segments=tuple(
            Segment(_clean(segment.text), _ms(segment.start, seconds), _ms(segment.end, seconds))
            for segment in segments
        ),
    )


def _ms(at: float, seconds: float) -> int:
    # Whisper times the end within its window, which is padded with silence.
    return round(max(0.0, min(at, seconds) - LEAD_S) * 1_000)


def _clean(text: str) -> str:
    return " ".join(text.split())
