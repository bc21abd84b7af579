"""Coded speech: every word has a level of its own, so that a test knows exactly which words were spoken.

``coded_words`` makes the sound of words. ``LevelVoiceActivity`` takes all that is loud for speech.
``CodedStt`` recognises coded words: it is unsure about a word that is cut off, gets the last words of interim
requests wrong on purpose, and knows when each word was spoken.
"""

import asyncio
import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript, Word
from sokuji.errors import ProviderUnavailable, SokujiError

RATE = 16_000
WORD_MS = 320
"""Nine loud frames of the voice activity model, and a quiet one."""
_LOUD, _LENGTH = 9 * 512, 10 * 512
_FLOOR, _STEP = 1_000, 10


def coded_words(first: int, count: int) -> bytes:
    """16 kHz PCM of ``count`` words from number ``first`` on, with hardly a gap between them."""
    words = np.zeros((count, _LENGTH), "<i2")
    words[:, :_LOUD] = (np.arange(first, first + count) * _STEP + _FLOOR)[:, np.newaxis]
    return words.tobytes()


def spelled(number: int) -> str:
    """The text of a word. A sentence has nine words, and every fourth word ends a clause."""
    mark = "." if number % 9 == 8 else "," if number % 4 == 3 else ""
    return f"{'Word' if number % 9 == 0 else 'word'}{_letters(number)}{mark}"


def _letters(number: int) -> str:
    """The number in letters: a word with digits would be a code, which is not translated."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


class LevelVoiceActivity:
    """Voice activity by level alone."""

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        """1 for a frame most of which is loud, else 0."""
        return [float(np.median(np.abs(np.frombuffer(frame, "<i2"))) > _FLOOR / 2) for frame in frames]

    def reset(self) -> None:
        """Do nothing: there is no state."""


class CodedStt:
    """Recognises coded speech.

    Args:
        seed: for the errors in interim transcripts.
        loses: share of the calls that fail as if a replica were lost.
        delay_s: duration of every call.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        loses: float = 0,
        delay_s: float = 0,
        language: str = "pt",
    ) -> None:
        self._random = random.Random(seed)
        self.loses = loses
        self.delay_s = delay_s
        self.language = language
        self.requests: list[RecognitionRequest] = []
        self.under_way = 0
        self.info = RecogniserInfo(
            provider="coded", model="ear", languages=("en", "es", "pt"), translates_to=("en",),
            takes_context=True, gives_word_times=True,
        )  # fmt: skip

    async def describe(self) -> RecogniserInfo:
        """The fixed description."""
        return self.info

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words in the audio of each request."""
        return [await self._transcribe(request) for request in requests]

    async def _transcribe(self, request: RecognitionRequest) -> Transcript:
        self.requests.append(request)
        self.under_way += 1
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.under_way -= 1
        if self._random.random() < self.loses:
            raise ProviderUnavailable("lost on purpose")
        heard = _words_in(request.pcm)
        if request.interim and self._random.random() < 0.5:
            heard = self._with_errors(heard)
        text = " ".join(word.text for word in heard)
        return Transcript(
            text=text,
            language=request.language or self.language,
            confidence=0.9,
            words=tuple(heard) if request.word_times else (),
        )

    def _with_errors(self, heard: list[Word]) -> list[Word]:
        """The words with the last one or two wrong."""
        right = max(0, len(heard) - self._random.randint(1, 2))
        return heard[:right] + [
            Word(f"noise{_letters(len(self.requests))}x{_letters(place)}", word.start_ms, word.end_ms)
            for place, word in enumerate(heard[right:])
        ]


def _words_in(pcm: bytes) -> list[Word]:
    """The words in PCM. A word of which 30 to 70 % are there becomes another; with less it is left out."""
    levels = np.frombuffer(pcm, "<i2").astype(int)
    edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
    found = []
    for start, end in pairwise(edges):
        share, number = (end - start) / _LOUD, (int(levels[start]) - _FLOOR) // _STEP if end > start else -1
        if number >= 0 and share >= 0.3:
            text = spelled(number) if share >= 0.7 else f"part{_letters(number)}"
            found.append(Word(text, start * 1_000 // RATE, end * 1_000 // RATE))
    return found
