"""The parts of a text that a translation must keep, and how each is written in the target language. Pure."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sokuji.text import glossary as terms
from sokuji.text.protection import literals, numerals, times

Kind = Literal["number", "literal", "name", "tag", "term"]
"""A name is a run of letters in another script."""


@dataclass(frozen=True, slots=True)
class ProtectedSpan:
    """A part of a text that a translation must keep: ``text[start:end]``."""

    start: int
    end: int
    kind: Kind
    keys: frozenset[str]
    """What it means in any language: two spans are the same if they have a key in common."""
    target: str
    """How it is written in the target language."""

    def moved(self, distance: int) -> "ProtectedSpan":
        """The span of the same text that begins ``distance`` characters later."""
        return ProtectedSpan(self.start + distance, self.end + distance, self.kind, self.keys, self.target)


def find_spans(
    text: str, language: str, target: str, glossary: Mapping[str, str] = terms.NO_TERMS
) -> list[ProtectedSpan]:
    """The protected spans of a text, in order and without overlaps.

    Args:
        text: in normal form (``glossary.normalised``).
        language: of the text; a canonical code.
        target: of the translation. Equal to ``language`` for the spans of a translation, whose numbers have
            to be in the format of its language.
        glossary: has passed ``glossary.check``.
    """
    return in_order(iterate_spans(text, language, target, glossary))


def in_order(spans: Iterable[ProtectedSpan]) -> list[ProtectedSpan]:
    """The spans in the order of the text."""
    return sorted(spans, key=lambda span: span.start)


def iterate_spans(
    text: str, language: str, target: str, glossary: Mapping[str, str] = terms.NO_TERMS
) -> Iterator[ProtectedSpan]:
    """As ``find_spans``, but one after the other as they are found, in no order."""
    free = bytearray(b"\x01") * len(text)
    found = itertools.chain(
        _markup_spans(text),
        _term_spans(text, glossary),
        _expression_spans(text, language, target),
        _numeral_spans(times.find_times(text, language, target)),
        _numeral_spans(numerals.find_amounts(text, language, target)),
        _literal_spans(text, literals.find_identifiers),
        _numeral_spans(numerals.find_numbers(text, language, target)),
        _literal_spans(text, literals.find_signs),
        _literal_spans(text, literals.find_foreign_names, "name"),
    )
    for span in found:
        if all(free[span.start : span.end]):
            free[span.start : span.end] = bytes(span.end - span.start)
            yield span


def _literal_spans(
    text: str, find: Callable[[str], Iterator[literals.LiteralPart]], kind: Kind = "literal"
) -> Iterator[ProtectedSpan]:
    for each in find(text):
        content = text[each.start : each.end]
        yield ProtectedSpan(each.start, each.end, kind, literal_keys(content), content)


def _markup_spans(text: str) -> Iterator[ProtectedSpan]:
    """Markup, in which a space more or less changes names and values."""
    for each in literals.find_markup(text):
        content = text[each.start : each.end]
        keys = frozenset({"=" + " ".join(content.split())})
        yield ProtectedSpan(each.start, each.end, "tag" if each.is_tag else "literal", keys, content)


def _term_spans(text: str, glossary: Mapping[str, str]) -> Iterator[ProtectedSpan]:
    for start, end, term in terms.find(text, glossary):
        yield ProtectedSpan(start, end, "term", frozenset({term_key(term)}), term)


def _numeral_spans(found: Iterable[numerals.Numeral]) -> Iterator[ProtectedSpan]:
    for each in found:
        yield ProtectedSpan(each.start, each.end, "number", each.keys, each.written)


def _expression_spans(text: str, language: str, target: str) -> Iterator[ProtectedSpan]:
    """Calculations and comparisons, with their numbers in the format of the target language."""
    for match in literals.EXPRESSION.finditer(text):
        numbers = list(numerals.find_numbers(match[0], language, target))
        written = write(match[0], _numeral_spans(numbers))
        yield ProtectedSpan(match.start(), match.end(), "literal", literal_keys(written), written)


def term_key(target: str) -> str:
    """The key of a glossary term, which is in the translation as it stands in the glossary."""
    return f"term {target}"


def literal_keys(content: str) -> frozenset[str]:
    """The keys of a part that is the same in every language; spaces do not count."""
    return frozenset({"=" + "".join(content.split())})


def write(text: str, spans: Iterable[ProtectedSpan]) -> str:
    """The text with its spans, which do not overlap, written in the target language."""
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], span.target]
        end = span.end
    return "".join(parts) + text[end:]
