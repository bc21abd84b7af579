"""Splits texts in any script into sentences for NLLB, and joins their translations. Pure.

Line breaks and text without words stay as they are. Sentences are separated as usual in
the target language: by a space, or by nothing in scripts without spaces.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    has_words,
    is_spaceless,
    sentence_ends,
    width,
    words,
)
from sokuji.text.sentences import LINE_BREAKS

_CLAUSE_END = re.compile(rf"[{CLAUSE_MARKS}]\s|[{UNSPACED_CLAUSE_MARKS}]")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a text; all parts together are the text."""

    text: str
    is_sentence: bool
    """False: it is not translated."""


def split_sentences(text: str) -> Iterator[TextPart]:
    """The sentences of a text, each with the space behind it, and the parts between them."""
    for index, section in enumerate(LINE_BREAKS.split(text)):
        if index % 2 == 1 or not has_words(section):
            yield TextPart(section, is_sentence=False)
            continue
        body = section.lstrip()
        yield TextPart(section[: len(section) - len(body)], is_sentence=False)
        yield from (TextPart(sentence, has_words(sentence)) for sentence in _sentences(body))


def _sentences(body: str) -> Iterator[str]:
    begin = 0
    for end in sentence_ends(body):
        yield body[begin:end]
        begin = end
    yield body[begin:]


def split_in_two(sentence: str) -> tuple[str, str] | None:
    """A sentence in two parts; None for a single word.

    It is cut behind a clause mark near its middle, or else between the two words nearest to its middle.
    """
    starts = [word.start for word in words(sentence)][1:]
    if not starts:
        return None
    middle = len(sentence) / 2
    clause_starts = [start for start in starts if _CLAUSE_END.search(sentence[:start].rstrip()[-1:] + " ")]
    near_middle = [start for start in clause_starts if abs(start - middle) < middle / 2]
    cut = min(near_middle or starts, key=lambda start: abs(start - middle))
    return sentence[:cut], sentence[cut:]


def join_translations(parts: Sequence[TextPart], translations: Sequence[str]) -> str:
    """The text with its sentences replaced by their translations, given in order."""
    remaining = iter(translations)
    results = [next(remaining) if part.is_sentence else part.text for part in parts]
    text = ""
    for index, (part, result) in enumerate(zip(parts, results, strict=True)):
        text += result
        if part.is_sentence:
            gap = part.text[len(part.text.rstrip()) :]
            sentence_follows = index + 1 < len(parts) and parts[index + 1].is_sentence
            text += _target_gap(gap, result, results[index + 1]) if sentence_follows else gap
    return text


def _target_gap(gap: str, left: str, right: str) -> str:
    """The separator of two translations whose source sentences are separated by ``gap``."""
    if not left or not right:
        return gap
    without_spaces = [is_spaceless(each) or width(each) == 2 for each in (left[-1], right[0])]
    return "" if all(without_spaces) else gap or " "
