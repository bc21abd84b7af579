"""Word times: joins the aligned parts of a text into words. Pure.

A part is the shortest run of tokens that is whole characters; all parts together are the text.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Whisper's codes of the languages written without spaces (openai/whisper, ``tokenizer.py``)."""
_SENTENCE_ENDS = ".。!！?？।"
_MAX_MEDIAN_S = 0.7


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A part of a text or a word, with its times in seconds of the window."""

    text: str
    start_s: float
    end_s: float
    tokens: int = 1
    """How many tokens of the text it is."""


def join_words(aligned: Sequence[AlignedText], *, spaced: bool) -> list[AlignedText]:
    """The words, with their punctuation.

    Alignment adds pauses to the words beside them. A word next to the end of a sentence is therefore limited
    to twice the median length (as in openai/whisper, ``timing.py``).

    Args:
        aligned: all parts of a text, in order.
        spaced: whether words are separated by spaces; otherwise each part is a word.
    """
    words = [_word(group) for group in _groups(aligned, spaced)]
    lengths = [word.end_s - word.start_s for word in words if word.end_s > word.start_s]
    if not lengths:
        return words
    longest = 2 * min(_MAX_MEDIAN_S, median(lengths))
    shortened = [
        replace(word, end_s=min(word.end_s, word.start_s + longest)) if _ends_sentence(word) else word
        for word in words
    ]
    return shortened[:1] + [
        replace(word, start_s=max(word.start_s, word.end_s - longest)) if _ends_sentence(before) else word
        for before, word in pairwise(shortened)
    ]


def _groups(aligned: Iterable[AlignedText], spaced: bool) -> list[list[AlignedText]]:
    """The parts of each word; punctuation is grouped with the word that it belongs to."""
    groups: list[list[AlignedText]] = []
    for part in aligned:
        begins_word = part.text[:1].isspace() or (not spaced and not _is_closing(part.text))
        if not groups or (begins_word and not all(_is_opening(each.text) for each in groups[-1])):
            groups.append([])
        groups[-1].append(part)
    return [group for group in groups if "".join(part.text for part in group).strip()]


def _word(group: Sequence[AlignedText]) -> AlignedText:
    """One word from its parts; punctuation takes no time, because a pause would be aligned to it."""
    spoken = [part for part in group if not _is_mark(part.text)] or list(group)
    text = " ".join("".join(part.text for part in group).split())
    tokens = sum(part.tokens for part in group)
    return AlignedText(text, spoken[0].start_s, spoken[-1].end_s, tokens)


def _ends_sentence(word: AlignedText) -> bool:
    return word.text[-1] in _SENTENCE_ENDS


def _is_mark(text: str) -> bool:
    return all(unicodedata.category(char)[0] in "PZ" for char in text)


def _is_opening(text: str) -> bool:
    return bool(text.strip()) and all(unicodedata.category(char) in ("Ps", "Pi") for char in text.strip())


def _is_closing(text: str) -> bool:
    return _is_mark(text) and not _is_opening(text)
