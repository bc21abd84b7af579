"""Confidence and word times of a transcript, from what recognition services report. Pure."""

import math
from collections.abc import Iterable
from itertools import pairwise

from sokuji.contract import Word
from sokuji.providers.stt.text_cleanup import normalise_spaces

_SEARCH_CHARACTERS = 24
"""How far ahead in the text a reported word is searched for; the same letters further on are another word."""


def weighted_mean(values: Iterable[tuple[float | None, float]]) -> float | None:
    """The mean of (value, weight) pairs; None if a value is missing or the mean is 0.

    Servers whose model has no probabilities report 0, and a measured probability is never exactly 0.
    """
    total = weights = 0.0
    for value, weight in values:
        if value is None or not math.isfinite(value):
            return None
        # A segment of length 0 still counts.
        total += value * max(weight, 1e-3)
        weights += max(weight, 1e-3)
    return total / weights if total else None


def words_with_punctuation(text: str, reported: Iterable[Word]) -> tuple[Word, ...]:
    """The words of ``text``, punctuation included, with the times of reported words, which may lack it.

    Args:
        text: with single spaces.
        reported: in order. A reported word that is not in the text as it is spelled (such as a number that
            the text writes in digits) is dropped; a neighbouring word then extends over its characters.

    Returns:
        Words that together are all of ``text`` but its spaces; none if no reported word is in the text.
    """
    placed: list[tuple[int, int, Word]] = []
    end, skipped = 0, 0
    for word in reported:
        spelled = normalise_spaces(word.text)
        limit = end + skipped + len(spelled) + _SEARCH_CHARACTERS
        start = text.find(spelled, end, limit) if spelled else -1
        if start < 0:
            skipped += len(spelled)
            continue
        placed.append((start, start + len(spelled), word))
        end, skipped = start + len(spelled), 0
    if not placed:
        return ()
    inner = (_word_boundary(text, left[1], right[0]) for left, right in pairwise(placed))
    bounds = [0, *inner, len(text)]
    return tuple(
        Word(text[begin:until].strip(), word.start_ms, word.end_ms)
        for (begin, until), (_, _, word) in zip(pairwise(bounds), placed, strict=True)
    )


def _word_boundary(text: str, end: int, start: int) -> int:
    """The boundary between a word whose letters end at ``end`` and the next, which begin at ``start``.

    It is behind the last space between them, so that an opening quotation mark belongs to the next word.
    Marks without a space belong to the word before them.
    """
    spaces = [index for index in range(end, start) if text[index].isspace()]
    return spaces[-1] + 1 if spaces else start
