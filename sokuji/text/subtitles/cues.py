"""Divides what was said into cues that can be read: where a clause ends, and no more than two lines. Pure.

The limits are those of common style guides (BBC Subtitle Guidelines, Netflix Timed Text Style Guide): two
lines of 42 columns, of which wide (CJK) characters take two, and at most seven seconds. A cue is shown while
it is spoken. Where the speech after it allows, a short cue stays for up to ``LINGER_MS``, so that it is seen
for ``MIN_MS`` and can be read.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, repeat, zip_longest

from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    SENTENCE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    is_spaceless,
    width,
)
from sokuji.text.subtitles.timed_words import TimedText

LINE_COLUMNS = 42
MAX_LINES = 2
MAX_MS = 7_000
MIN_MS = 800
LINGER_MS = 300
"""How long a cue may stay after its last word, of whose end the time is not exact."""
_MS_PER_COLUMN = 50
"""Time to read a column: 20 characters a second."""

_PAUSE_MS = 400
"""A pause of this length is as good a place to divide as the end of a clause."""
_SHORT_WORD = 3
_CLOSING = "\"'”’」』»)]"
# Costs of dividing: at the end of a sentence, at that of a clause, before a function word, elsewhere.
_SENTENCE, _CLAUSE, _PHRASE, _ELSEWHERE = 0.0, 0.5, 3.5, 5.0
_INSIDE_ABBREVIATION = 6.0
_LINES = 0.35
"""Dividing the lines of a cue costs this share of dividing cues."""
_PART_OF_SENTENCE = 1.5
"""Of a cue in which a sentence ends, and another one begins that goes on in the next cue."""
_EACH_CUE = 0.5
_TOO_SHORT = 3.0


@dataclass(frozen=True, slots=True)
class Cue:
    """Text shown from ``start_ms`` to ``end_ms``: one or two lines of up to ``LINE_COLUMNS``."""

    lines: tuple[str, ...]
    start_ms: int
    end_ms: int
    speaker: str | None = None
    """Label of who says it; None: not known."""


def cues(
    utterances: Iterable[Sequence[TimedText]], speakers: Iterable[str | None] = repeat(None)
) -> list[Cue]:
    """The cues of a recording: in order, not overlapping, each of one utterance.

    Args:
        utterances: the words of each utterance with their times; in order, not overlapping.
        speakers: who says each of them.
    """
    found = [
        replace(cue, speaker=speaker)
        for words, speaker in zip(utterances, speakers, strict=False)
        for cue in _CueSearch(_short_words(words)).cues()
    ]
    shown: list[Cue] = []
    for cue, following in zip_longest(found, found[1:]):
        # Words of no duration still make cues that begin after each other.
        start = max(cue.start_ms, shown[-1].end_ms if shown else 0)
        wanted = start + max(MIN_MS, _MS_PER_COLUMN * sum(map(_columns, cue.lines)))
        end = max(cue.end_ms, min(wanted, cue.end_ms + LINGER_MS))
        end = min(end, start + MAX_MS, following.start_ms if following else end)
        shown.append(replace(cue, start_ms=start, end_ms=max(end, start + 1)))
    return shown


def _short_words(words: Sequence[TimedText]) -> list[TimedText]:
    """The words, of which those longer than a line are divided, without regard to their times."""
    return [part for word in words for part in _line_parts(word)]


def _line_parts(word: TimedText) -> list[TimedText]:
    if _columns(word.text) <= LINE_COLUMNS:
        return [word]
    parts, size = [], LINE_COLUMNS // 2  # Fits in a line even if all characters are wide.
    for at in range(0, len(word.text), size):
        begin, end = (
            word.start_ms + (word.end_ms - word.start_ms) * min(place, len(word.text)) // len(word.text)
            for place in (at, at + size)
        )
        parts.append(TimedText(word.text[at : at + size], begin, end, word.spaced and at == 0))
    return parts


def _columns(text: str) -> int:
    return sum(map(width, text))


class _CueSearch:
    """Divides the words of an utterance so that the sum of the costs of all cues is least."""

    def __init__(self, words: Sequence[TimedText]) -> None:
        self._words = words
        self._ends = list(accumulate((_columns(word.text) + word.spaced for word in words), initial=0))

    def cues(self) -> list[Cue]:
        count = len(self._words)
        best = [0.0] + [math.inf] * count
        begins = [0] * (count + 1)
        for begin in range(count):
            for end in range(begin + 1, count + 1):
                if end > begin + 1 and not self._is_possible(begin, end):
                    break
                cost = best[begin] + self._cost(begin, end)
                if cost < best[end]:
                    best[end], begins[end] = cost, begin
        return self._cues_between(begins)

    def _cues_between(self, begins: Sequence[int]) -> list[Cue]:
        found: list[Cue] = []
        end = len(self._words)
        while end:
            begin = begins[end]
            start_ms, end_ms = self._words[begin].start_ms, self._words[end - 1].end_ms
            found.append(Cue(self._lines(begin, end), start_ms, end_ms))
            end = begin
        return found[::-1]

    def _is_possible(self, begin: int, end: int) -> bool:
        fits = self._fits_one_line(begin, end) or bool(self._second_lines(begin, end))
        return fits and self._duration_ms(begin, end) <= MAX_MS

    def _duration_ms(self, begin: int, end: int) -> int:
        return self._words[end - 1].end_ms - self._words[begin].start_ms

    def _columns_between(self, begin: int, end: int) -> int:
        return self._ends[end] - self._ends[begin] - self._words[begin].spaced

    def _fits_one_line(self, begin: int, end: int) -> bool:
        return self._columns_between(begin, end) <= LINE_COLUMNS

    def _second_lines(self, begin: int, end: int) -> range:
        """The words with which the second of two lines may begin; none if one is enough, or two are not."""
        if self._fits_one_line(begin, end):
            return range(0)
        limit = self._ends[begin] + self._words[begin].spaced + LINE_COLUMNS
        latest = bisect_right(self._ends, limit) - 1
        earliest = latest
        while earliest > begin + 1 and self._fits_one_line(earliest - 1, end):
            earliest -= 1
        return range(earliest, latest + 1) if self._fits_one_line(latest, end) else range(0)

    def _cost(self, begin: int, end: int) -> float:
        cost, costs = _EACH_CUE, self._division_costs
        visible_ms = self._duration_ms(begin, end) + LINGER_MS
        if end < len(self._words):
            cost += costs[end - 1]
            if costs[end - 1] > _SENTENCE and _SENTENCE in costs[begin : end - 1]:
                cost += _PART_OF_SENTENCE
            visible_ms = min(visible_ms, self._words[end].start_ms - self._words[begin].start_ms)
        cost += _TOO_SHORT * max(0.0, 1 - visible_ms / MIN_MS)
        cost += _LINES * min((costs[at - 1] for at in self._second_lines(begin, end)), default=0)
        # Of two divisions that are equally good, the one into cues of similar length is taken.
        return cost + (1 - self._columns_between(begin, end) / (MAX_LINES * LINE_COLUMNS)) ** 2

    @cached_property
    def _division_costs(self) -> list[float]:
        """What it costs to divide after each word but the last."""
        return [
            _division_cost(word, following)
            for word, following in zip(self._words, self._words[1:], strict=False)
        ]

    def _lines(self, begin: int, end: int) -> tuple[str, ...]:
        second_lines = self._second_lines(begin, end)
        if not second_lines:
            return (self._text(begin, end),)
        at = min(second_lines, key=lambda second: self._line_cost(begin, second, end))
        return self._text(begin, at), self._text(at, end)

    def _line_cost(self, begin: int, second: int, end: int) -> float:
        difference = self._columns_between(begin, second) - self._columns_between(second, end)
        return self._division_costs[second - 1] + 4 * abs(difference) / LINE_COLUMNS

    def _text(self, begin: int, end: int) -> str:
        words = self._words[begin:end]
        return words[0].text + "".join(f" {word.text}" if word.spaced else word.text for word in words[1:])


def _division_cost(word: TimedText, following: TimedText) -> float:
    text = word.text.rstrip(_CLOSING)
    if text.endswith(tuple(UNSPACED_SENTENCE_MARKS + "!?…")):
        return _SENTENCE
    if text.endswith(tuple(SENTENCE_MARKS)):
        return _INSIDE_ABBREVIATION if ends_abbreviation(f"{text} {following.text}", len(text)) else _SENTENCE
    if following.start_ms - word.end_ms >= _PAUSE_MS:
        return _CLAUSE
    if text.endswith(tuple(CLAUSE_MARKS + UNSPACED_CLAUSE_MARKS)):
        return _CLAUSE
    return _PHRASE if _begins_phrase(word.text, following.text) else _ELSEWHERE


def _begins_phrase(word: str, following: str) -> bool:
    """Whether a function word opens a phrase after ``word``; in Japanese, no hiragana after hiragana."""
    if is_spaceless(word[-1]):
        return _is_hiragana(word[-1]) and not _is_hiragana(following[0])
    return len(word) > _SHORT_WORD >= len(following)


def _is_hiragana(character: str) -> bool:
    return "\u3041" <= character <= "\u309f"
