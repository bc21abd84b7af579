"""Divides texts in any script for NLLB, which translates one sentence at a time, and puts the results
together.

What no model should touch (line breaks, addresses, emoji) stays as it is; between two sentences stands what
the target language puts there: a space, or nothing in scripts that have none. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sokuji.providers.translation import validation
from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    is_spaceless,
    width,
    words,
)
from sokuji.text.sentences import UNTRANSLATABLE

_SENTENCE_END = re.compile(rf"(?:[{SENTENCE_MARKS}]{CLOSING}(?=\s)|[{UNSPACED_SENTENCE_MARKS}]{CLOSING})\s*")
_CLAUSE_END = re.compile(rf"[{CLAUSE_MARKS}]\s|[{UNSPACED_CLAUSE_MARKS}]")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A stretch of a text; all pieces in order make the whole."""

    text: str
    is_sentence: bool
    """False: it stays as it is."""


def split(text: str) -> Iterator[TextPart]:
    """The sentences of a text, each with the space behind it, and what lies between them."""
    for index, stretch in enumerate(UNTRANSLATABLE.split(text)):
        if index % 2 == 1 or not validation.has_words(stretch):
            yield TextPart(stretch, is_sentence=False)
            continue
        body = stretch.lstrip()
        yield TextPart(stretch[: len(stretch) - len(body)], is_sentence=False)
        yield from (TextPart(sentence, validation.has_words(sentence)) for sentence in _sentences(body))


def _sentences(body: str) -> Iterator[str]:
    begin = 0
    for end in _SENTENCE_END.finditer(body):
        behind = body[end.end() : end.end() + 1]
        if behind and not behind.islower() and not ends_abbreviation(body, end.start() + 1):
            yield body[begin : end.end()]
            begin = end.end()
    yield body[begin:]


def halves(sentence: str) -> tuple[str, str] | None:
    """A sentence in two parts, cut behind a comma or the like near its middle, else between two words; None:
    it is one word."""
    starts = [word.start for word in words(sentence)][1:]
    if not starts:
        return None
    middle = len(sentence) / 2
    clauses = [start for start in starts if _CLAUSE_END.search(sentence[:start].rstrip()[-1:] + " ")]
    near = [start for start in clauses if abs(start - middle) < middle / 2]
    cut = min(near or starts, key=lambda start: abs(start - middle))
    return sentence[:cut], sentence[cut:]


def assemble(pieces: Sequence[TextPart], translations: Sequence[str]) -> str:
    """The text with its sentences replaced by their translations."""
    left = iter(translations)
    results = [next(left) if piece.is_sentence else piece.text for piece in pieces]
    text = ""
    for index, (piece, result) in enumerate(zip(pieces, results, strict=True)):
        text += result
        if piece.is_sentence:
            gap = piece.text[len(piece.text.rstrip()) :]
            sentence_follows = index + 1 < len(pieces) and pieces[index + 1].is_sentence
            text += _gap(gap, result, results[index + 1]) if sentence_follows else gap
    return text


def _gap(gap: str, left: str, right: str) -> str:
    """What stands between two translations whose originals had ``gap`` between them."""
    if not left or not right:
        return gap
    without_spaces = [is_spaceless(each) or width(each) == 2 for each in (left[-1], right[0])]
    return "" if all(without_spaces) else gap or " "
