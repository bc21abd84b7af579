"""Where a stable text may be cut, so that its first part is translated and spoken while the rest is still
being said. Pure.

A clause ends at the end of a sentence, at a comma or the like once it is long enough, where the speaker
pauses, and in speech without any of these at a length bound. A place counts only once the word behind it is
known, and never depends on what comes after that word: a cut stays one however the text goes on. Lengths
are columns: one for a letter, two for a wide (CJK) character.
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
    closing,
    ends_abbreviation,
    is_spaceless,
    width,
    words,
)

LEAST_WORDS = 4
LEAST_COLUMNS = 18
"""A part that ends in less than the end of a sentence has so many words or columns; characters of scripts
without spaces are no words here."""
LONGEST = 90
"""A part gets cut between words when it would be longer; at twice that within what looks like one number."""
_EARLIEST = 0.4
"""Share of ``LONGEST`` that such a part has at least, where it can."""
_SHORT_WORD = 3
"""Words of so many letters are mostly function words, which open the group of words that they belong to."""

_GREEK_QUESTION = ";\u037e"
# fmt: off
_ORDINAL_LANGUAGES = frozenset((
    "az", "bs", "cs", "da", "de", "et", "eu", "fi", "fo", "hr", "hu", "is", "lb", "lv", "mk",
    "nn", "no", "pl", "sk", "sl", "sr", "tr",
))
# fmt: on
"""They write "3rd" as "3."."""
_WITH_ORDINALS = "de"
_ORDINAL = re.compile(r"(?<![\w.,])\d{1,2}\.$")
# "10 000": groups of three digits.
_GROUPS_BEFORE = re.compile(r"(?<!\d)\d{1,3}$")
_GROUP_BEHIND = re.compile(r"\d{3}(?!\d)")


class _Kind(IntEnum):
    """What a place between two words is."""

    INSIDE = 0
    """Of a number or a name: not to be cut."""
    SPACE = 1
    CLAUSE = 2
    SENTENCE = 3


@dataclass(frozen=True, slots=True)
class _Place:
    """A place behind a word."""

    word: Span
    next_word: Span | None
    end: int
    """Offset behind the marks that follow the word."""
    kind: _Kind


def complete(text: str, *, language: str, paused: bool = False) -> list[int]:
    """Where the clauses end that may be translated and spoken.

    A cut does not depend on the text before the previous one either: what is left when a clause has been
    taken away is cut as before.

    Args:
        text: stable words that have not been translated yet.
        language: canonical code of the language that they are in.
        paused: the speaker pauses behind them.

    Returns:
        Offsets in ``text`` behind the clauses and their marks, increasing.
    """
    places = list(_places(text, language))
    ends: list[int] = []
    first = 0
    while (index := _next_cut(text, places, first)) is not None:
        ends.append(places[index].end)
        first = index + 1
    rest = places[first:]
    if paused and rest and (rest[-1].kind is _Kind.SENTENCE or _is_long(text, rest)):
        ends.append(len(text))
    return ends


def last_sentence(text: str) -> int:
    """Offset behind the last sentence that more words follow; 0: there is none.

    The language is not asked for: what may be an ordinal number ends no sentence.
    """
    ends = [
        place.end
        for place in _places(text, _WITH_ORDINALS)
        if place.next_word and place.kind is _Kind.SENTENCE
    ]
    return max(ends, default=0)


def _next_cut(text: str, places: Sequence[_Place], first: int) -> int | None:
    """Index of the place that ends the clause which begins behind place ``first - 1``."""
    possible: list[int] = []
    for index in range(first, len(places)):
        place = places[index]
        if place.next_word is None:
            return None
        clause = places[first : index + 1]
        if place.kind is _Kind.SENTENCE or (place.kind is _Kind.CLAUSE and _is_long(text, clause)):
            return index
        if place.kind is not _Kind.INSIDE:
            possible.append(index)
        begin = places[first].word.start
        columns = _columns(text[begin : place.next_word.end])
        if possible and columns > LONGEST:
            return _best(text, places, begin, possible)
        if columns > 2 * LONGEST:
            # No number and no name is that long.
            return index
    return None


def _best(text: str, places: Sequence[_Place], begin: int, possible: Sequence[int]) -> int:
    """Which of the places is the best for a cut that has to be."""
    late = [at for at in possible if _columns(text[begin : places[at].end]) > _EARLIEST * LONGEST]
    groups = [at for at in late if _opens_group(text, places[at])]
    apart = [at for at in late if places[at].word.end - places[at].word.start > _SHORT_WORD]
    return (groups or apart or possible)[-1]


def _opens_group(text: str, place: _Place) -> bool:
    """Whether the next word begins a group: a short one behind a longer one, or no kana behind kana."""
    word, following = text[slice(*place.word)], text[slice(*(place.next_word or place.word))]
    if is_spaceless(word[0]):
        return _is_hiragana(word) and not _is_hiragana(following)
    return len(word) > _SHORT_WORD >= len(following)


def _is_hiragana(word: str) -> bool:
    return "\u3041" <= word[0] <= "\u309f"


def _is_long(text: str, clause: Sequence[_Place]) -> bool:
    spaced = sum(not is_spaceless(text[place.word.start]) for place in clause)
    return (
        spaced >= LEAST_WORDS or _columns(text[clause[0].word.start : clause[-1].word.end]) >= LEAST_COLUMNS
    )


def _columns(text: str) -> int:
    return sum(map(width, text))


def _places(text: str, language: str) -> Iterator[_Place]:
    spans = words(text)
    for word, next_word in zip_longest(spans, spans[1:]):
        gap = text[word.end : next_word.start if next_word else len(text)]
        end = word.end + closing(gap)
        yield _Place(word, next_word, end, _kind(text, Span(word.end, end), next_word, language))


def _kind(text: str, marks_at: Span, next_word: Span | None, language: str) -> _Kind:
    """The kind of the place with those marks."""
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
    """The kind of a place without marks that mean anything."""
    if next_word is None:
        return _Kind.SPACE
    before, behind, spaced = text[gap.start - 1], text[next_word.start], gap.start < next_word.start
    if is_spaceless(before) and is_spaceless(behind):
        # What such scripts write a space for is more than a word.
        return _Kind.CLAUSE if text[gap.start : next_word.start].isspace() else _Kind.SPACE
    if before.isdigit() and not spaced:
        return _Kind.INSIDE
    is_number = _GROUPS_BEFORE.search(text, max(gap.start - 4, 0), gap.start) and _GROUP_BEHIND.match(
        text, *next_word
    )
    return _Kind.INSIDE if is_number else _Kind.SPACE
