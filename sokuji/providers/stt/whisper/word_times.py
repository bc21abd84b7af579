"""When each word is heard: from aligned pieces of text to words and their times. Pure.

A piece is the shortest run of tokens that is whole characters; all pieces together are the text.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Whisper's codes of languages that it writes without spaces (openai/whisper, ``tokenizer.py``)."""
_SENTENCE_ENDS = ".。!！?？।"
_LONGEST_MEDIAN_S = 0.7


@dataclass(frozen=True, slots=True)
class Aligned:
    """A piece of text or a word, with times in seconds of the window that it was heard in."""

    text: str
    start_s: float
    end_s: float


def words(aligned: Sequence[Aligned], *, spaced: bool) -> list[Aligned]:
    """The words with their punctuation: what stands between spaces, or each piece where there are none.

    Alignment gives a pause to the words beside it; next to the end of a sentence a word is therefore cut to
    twice the usual length (as in openai/whisper, ``timing.py``).
    """
    found = [_word(group) for group in _groups(aligned, spaced)]
    lengths = [word.end_s - word.start_s for word in found if word.end_s > word.start_s]
    if not lengths:
        return found
    longest = 2 * min(_LONGEST_MEDIAN_S, median(lengths))
    cut = [
        replace(word, end_s=min(word.end_s, word.start_s + longest)) if _ends_sentence(word) else word
        for word in found
    ]
    return cut[:1] + [
        replace(word, start_s=max(word.start_s, word.end_s - longest)) if _ends_sentence(before) else word
        for before, word in pairwise(cut)
    ]


def _groups(aligned: Iterable[Aligned], spaced: bool) -> list[list[Aligned]]:
    """Pieces of one word each: none begins within a word, marks stay with the word that they belong to."""
    found: list[list[Aligned]] = []
    for piece in aligned:
        opens = piece.text[:1].isspace() or (not spaced and not _is_closing(piece.text))
        if not found or (opens and not all(_is_opening(each.text) for each in found[-1])):
            found.append([])
        found[-1].append(piece)
    return [group for group in found if "".join(piece.text for piece in group).strip()]


def _word(group: Sequence[Aligned]) -> Aligned:
    """One word; a mark behind it takes no time, it is where a pause would be."""
    sounding = [piece for piece in group if not _is_mark(piece.text)] or list(group)
    text = " ".join("".join(piece.text for piece in group).split())
    return Aligned(text, sounding[0].start_s, sounding[-1].end_s)


def _ends_sentence(word: Aligned) -> bool:
    return word.text[-1] in _SENTENCE_ENDS


def _is_mark(text: str) -> bool:
    return all(unicodedata.category(char)[0] in "PZ" for char in text)


def _is_opening(text: str) -> bool:
    return bool(text.strip()) and all(unicodedata.category(char) in ("Ps", "Pi") for char in text.strip())


def _is_closing(text: str) -> bool:
    return _is_mark(text) and not _is_opening(text)
