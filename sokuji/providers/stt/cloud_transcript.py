"""What answers of recognition services have in common: confidence, and words that lack their marks. Pure."""

import math
from collections.abc import Iterable
from itertools import pairwise

from sokuji.contract import Word
from sokuji.providers.stt.whisper.transcript_text import clean

_REACH = 24
"""A reported word is looked for so many characters further on: farther away the same letters are another."""


def weighted(values: Iterable[tuple[float | None, float]]) -> float | None:
    """The mean of (value, weight); None where a value is missing, or all are 0.

    Servers write 0 where their model has no probabilities; none that was measured is exactly 0.
    """
    total = weights = 0.0
    for value, weight in values:
        if value is None or not math.isfinite(value):
            return None
        # A segment without length still counts.
        total += value * max(weight, 1e-3)
        weights += max(weight, 1e-3)
    return total / weights if total else None


def spread(text: str, reported: Iterable[Word]) -> tuple[Word, ...]:
    """The words of ``text`` with all of its marks, at the times of reported words that may have none.

    Args:
        text: with single spaces.
        reported: in order. One that does not stand in the text as it is, such as a number that the text has
            in digits, goes without: its neighbour takes its place.

    Returns:
        Words that are all of ``text`` but its spaces; none if no reported word is in it.
    """
    found: list[tuple[int, int, Word]] = []
    end, missed = 0, 0
    for word in reported:
        spelled = clean(word.text)
        start = text.find(spelled, end, end + missed + len(spelled) + _REACH) if spelled else -1
        if start < 0:
            missed += len(spelled)
            continue
        found.append((start, start + len(spelled), word))
        end, missed = start + len(spelled), 0
    if not found:
        return ()
    bounds = [0, *(_bound(text, one[1], other[0]) for one, other in pairwise(found)), len(text)]
    return tuple(
        Word(text[begin:until].strip(), word.start_ms, word.end_ms)
        for (begin, until), (_, _, word) in zip(pairwise(bounds), found, strict=True)
    )


def _bound(text: str, end: int, start: int) -> int:
    """Where a word ends whose letters end at ``end``, the next one's beginning at ``start``.

    Behind the last space between them: an opening quote belongs to the next word. Marks without a space
    belong to the word before.
    """
    spaces = [place for place in range(end, start) if text[place].isspace()]
    return spaces[-1] + 1 if spaces else start
