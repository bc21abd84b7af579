"""Finds clauses in the stable text of a segment, to translate and speak them before the segment ends. Pure.

A clause ends at the end of a sentence, at a clause mark once the clause is long enough, at a pause of the
speaker, and otherwise at a length limit. A boundary is decided once the word after it is known, and does not
depend on later words: more text never moves a boundary. Lengths are columns: one for a letter, two for a wide
(CJK) character.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import zip_longest

from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    Span,
    ends_abbreviation,
    is_spaceless,
    trailing_marks,
    width,
    words,
)

MIN_WORDS = 4
MIN_COLUMNS = 18
"""A clause that does not end a sentence has at least so many words or columns. Characters of scripts without
spaces do not count as words."""
MAX_COLUMNS = 45
"""A longer clause is cut between words, at twice this length also within what looks like a number. To wait
for more delays the translation, which loses little by the cut as it continues that of the sentence."""
_MIN_SHARE = 0.4
"""A clause that is cut for length has at least this share of ``MAX_COLUMNS``, if possible."""
_SHORT_WORD = 3
"""Words of up to so many letters are mostly function words, which begin a phrase."""

_GREEK_QUESTION = ";\u037e"
# fmt: off
_ORDINAL_LANGUAGES = frozenset((
    "az", "bs", "cs", "da", "de", "et", "eu", "fi", "fo", "hr", "hu", "is", "lb", "lv", "mk",
    "nn", "no", "pl", "sk", "sl", "sr", "tr",
))
# fmt: on
"""Languages that write "3rd" as "3."."""
_WITH_ORDINALS = "de"
_ORDINAL = re.compile(r"(?<![\w.,])\d{1,2}\.$")
# "10 000": groups of three digits.
_GROUPS_BEFORE = re.compile(r"(?<!\d)\d{1,3}$")
_GROUP_BEHIND = re.compile(r"\d{3}(?!\d)")


class _Kind(IntEnum):
    """What a boundary between two words ends."""

    INSIDE = 0
    """Within a number or an abbreviation: not to be cut."""
    SPACE = 1
    CLAUSE = 2
    SENTENCE = 3


@dataclass(frozen=True, slots=True)
class _Boundary:
    """The boundary after a word."""

    word: Span
    next_word: Span | None
    end: int
    """Offset after the marks that follow the word."""
    kind: _Kind


def clause_ends(text: str, *, language: str, paused: bool = False) -> list[int]:
    """The ends of the clauses that may be translated and spoken.

    A boundary does not depend on the text before the previous one: after a clause has been removed, the
    rest is divided as before.

    Args:
        text: stable words that have not been translated yet.
        language: canonical code of their language.
        paused: the speaker pauses after them.

    Returns:
        Offsets in ``text`` after the clauses and their marks, increasing.
    """
    boundaries = list(_boundaries(text, language))
    ends: list[int] = []
    first = 0
    while (index := _next_cut(text, boundaries, first)) is not None:
        ends.append(boundaries[index].end)
        first = index + 1
    rest = boundaries[first:]
    if paused and rest and (rest[-1].kind is _Kind.SENTENCE or _is_long(text, rest)):
        ends.append(len(text))
    return ends


def first_sentence_end(text: str, language: str) -> int:
    """Offset after the first sentence that is followed by a word; the length of the text: there is none.

    Args:
        text: words that need not be stable.
        language: canonical code of their language.
    """
    for boundary in _boundaries(text, language):
        if boundary.next_word and boundary.kind is _Kind.SENTENCE:
            return boundary.end
    return len(text)


def last_sentence_end(text: str) -> int:
    """Offset after the last sentence that is followed by a word; 0: there is none.

    It holds for any language: a possible ordinal number ("3.") ends no sentence.
    """
    ends = [
        boundary.end
        for boundary in _boundaries(text, _WITH_ORDINALS)
        if boundary.next_word and boundary.kind is _Kind.SENTENCE
    ]
    return max(ends, default=0)


def _next_cut(text: str, boundaries: Sequence[_Boundary], first: int) -> int | None:
    """Index of the boundary that ends the clause which begins after boundary ``first - 1``."""
    possible: list[int] = []
    for index in range(first, len(boundaries)):
        boundary = boundaries[index]
        if boundary.next_word is None:
            return None
        clause = boundaries[first : index + 1]
        if boundary.kind is _Kind.SENTENCE or (boundary.kind is _Kind.CLAUSE and _is_long(text, clause)):
            return index
        if boundary.kind is not _Kind.INSIDE:
            possible.append(index)
        begin = boundaries[first].word.start
        columns = _columns(text[begin : boundary.next_word.end])
        if possible and columns > MAX_COLUMNS:
            return _best(text, boundaries, begin, possible)
        if columns > 2 * MAX_COLUMNS:
            # Longer than any number or name.
            return index
    return None


def _best(text: str, boundaries: Sequence[_Boundary], begin: int, possible: Sequence[int]) -> int:
    """The best boundary for a cut at the length limit."""
    late = [at for at in possible if _columns(text[begin : boundaries[at].end]) > _MIN_SHARE * MAX_COLUMNS]
    phrases = [at for at in late if _begins_phrase(text, boundaries[at])]
    after_long_words = [
        at for at in late if boundaries[at].word.end - boundaries[at].word.start > _SHORT_WORD
    ]
    return (phrases or after_long_words or possible)[-1]


def _begins_phrase(text: str, boundary: _Boundary) -> bool:
    """Whether the next word opens a phrase: a short word after a long one, or no hiragana after hiragana."""
    word, following = text[slice(*boundary.word)], text[slice(*(boundary.next_word or boundary.word))]
    if is_spaceless(word[0]):
        return _is_hiragana(word) and not _is_hiragana(following)
    return len(word) > _SHORT_WORD >= len(following)


def _is_hiragana(word: str) -> bool:
    return "\u3041" <= word[0] <= "\u309f"


def _is_long(text: str, clause: Sequence[_Boundary]) -> bool:
    spaced = sum(not is_spaceless(text[boundary.word.start]) for boundary in clause)
    return spaced >= MIN_WORDS or _columns(text[clause[0].word.start : clause[-1].word.end]) >= MIN_COLUMNS


def _columns(text: str) -> int:
    return sum(map(width, text))


def _boundaries(text: str, language: str) -> Iterator[_Boundary]:
    spans = words(text)
    for word, next_word in zip_longest(spans, spans[1:]):
        gap = text[word.end : next_word.start if next_word else len(text)]
        end = word.end + trailing_marks(gap)
        yield _Boundary(word, next_word, end, _kind(text, Span(word.end, end), next_word, language))


def _kind(text: str, marks_at: Span, next_word: Span | None, language: str) -> _Kind:
    """The kind of a boundary with those marks."""
    marks = text[slice(*marks_at)]
    goes_on = next_word is not None and text[next_word.start].islower()
    sentence = _Kind.CLAUSE if goes_on else _Kind.SENTENCE
    if _has(marks, UNSPACED_SENTENCE_MARKS + "!?…") or ".." in marks:
        return sentence
    if language == "el" and _has(marks, _GREEK_QUESTION):
        return sentence
    if _has(marks, CLAUSE_MARKS + UNSPACED_CLAUSE_MARKS) or " -" in marks:
        return _Kind.CLAUSE
    if "." in marks:
        stop = marks_at.start + marks.index(".") + 1
        if ends_abbreviation(text, stop) or (language in _ORDINAL_LANGUAGES and _is_ordinal(text, stop)):
            return _Kind.INSIDE
        return _Kind.SPACE if goes_on else _Kind.SENTENCE
    return _between(text, marks_at, next_word)


def _has(marks: str, kinds: str) -> bool:
    return not set(kinds).isdisjoint(marks)


def _is_ordinal(text: str, stop: int) -> bool:
    return _ORDINAL.search(text, max(stop - 4, 0), stop) is not None


def _between(text: str, gap: Span, next_word: Span | None) -> _Kind:
    """The kind of a boundary without marks that end a clause or sentence."""
    if next_word is None:
        return _Kind.SPACE
    before, behind, spaced = text[gap.start - 1], text[next_word.start], gap.start < next_word.start
    if is_spaceless(before) and is_spaceless(behind):
        # In such scripts a space ends more than a word.
        return _Kind.CLAUSE if text[gap.start : next_word.start].isspace() else _Kind.SPACE
    if before.isdigit() and not spaced:
        return _Kind.INSIDE
    is_number = _GROUPS_BEFORE.search(text, max(gap.start - 4, 0), gap.start) and _GROUP_BEHIND.match(
        text, *next_word
    )
    return _Kind.INSIDE if is_number else _Kind.SPACE
