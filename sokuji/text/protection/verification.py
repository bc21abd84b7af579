"""Checks that a translation has every protected span of its source, and no other. Pure.

Neither words nor their order are checked. Numbers may change places, but tags have to keep their order,
because they are nested.
"""

import re
from collections import deque
from collections.abc import Sequence

from sokuji.text.glossary import find
from sokuji.text.protection.number_words import may_become_digits
from sokuji.text.protection.spans import ProtectedSpan, find_spans, term_key
from sokuji.text.punctuation import has_words

_LINE_BREAK = re.compile(r"\r\n|[\r\n\u2028\u2029]")
_IN_WORDS_ONLY = frozenset({"name"})
"""Kinds that a translation may have where the source has none: it may be written in another script."""


def has_letters(text: str) -> bool:
    """Whether there is anything to translate."""
    return any(map(str.isalpha, text))


def between(text: str, spans: Sequence[ProtectedSpan]) -> list[str]:
    """The text before, between and after the spans."""
    begins, ends = [0, *(each.end for each in spans)], [*(each.start for each in spans), len(text)]
    return [text[begin:end] for begin, end in zip(begins, ends, strict=True)]


def locate(
    source: str,
    spans: Sequence[ProtectedSpan],
    translation: str,
    pair: tuple[str, str],
    required: Sequence[ProtectedSpan] = (),
) -> list[ProtectedSpan] | None:
    """Where each of ``spans`` is in a translation, in the order of the translation; None if one of them is
    missing or changed, or another one was added, or there are no words, or line breaks differ.

    Args:
        source: the text that was translated.
        spans: of ``source``.
        translation: in normal form.
        pair: the source and the target language.
        required: spans of other places that the translation must have too, such as numbers in the targets of
            a glossary that the translator applies itself.
    """
    if has_letters(source) and not has_words(translation):
        return None
    if _line_breaks(source) != _line_breaks(translation):
        return None
    terms = {each.target: each.target for each in spans if each.kind == "term"}
    there = find_spans(translation, pair[1], pair[1])
    places = _match([*spans, *required], translation, there, terms)
    if places is None:
        return None
    found, added = places
    words = " ".join(between(source, spans))
    own = {key for each in spans for key in each.keys}
    for each in added:
        if each.keys & own or not _may_be_added(each, words, pair[0], beside_others=bool(spans)):
            return None
    tags = [each.target for each in spans if each.kind == "tag"]
    if [each.target for each in found if each.kind == "tag"] != tags:
        return None
    return found


def lost_values(source: str, translation: str, pair: tuple[str, str]) -> int:
    """How many protected spans of a text its translation lacks, for translations that were not made of this
    text, such as those of its speech. A number may be in words there."""
    places = _Places(translation, find_spans(translation, pair[1], pair[1]), {})
    missing = [span for span in find_spans(source, *pair) if places.take(span) is None]
    in_words = may_become_digits(translation, pair[1])
    return sum(not (span.kind == "number" and in_words) for span in missing)


def _match(
    wanted: Sequence[ProtectedSpan],
    translation: str,
    there: Sequence[ProtectedSpan],
    terms: dict[str, str],
) -> tuple[list[ProtectedSpan], list[ProtectedSpan]] | None:
    """The places of the spans in the translation, and the spans of the translation that were not wanted."""
    places = _Places(translation, there, terms)
    found: list[ProtectedSpan] = []
    for span in sorted(wanted, key=lambda span: span.kind != "term"):
        if (place := places.take(span)) is None:
            return None
        found.append(ProtectedSpan(*place, span.kind, span.keys, span.target))
    added = [each for each in there if places.are_free(each.start, each.end)]
    return sorted(found, key=lambda span: span.start), added


class _Places:
    """The places of a translation at which spans of its source may be; each of them is given to one span.

    A place that is taken stays so. The places of a key are therefore a queue, and matching takes time linear
    in their number.
    """

    def __init__(self, translation: str, there: Sequence[ProtectedSpan], terms: dict[str, str]) -> None:
        self._translation = translation
        self._taken = bytearray(len(translation))
        self._queues: dict[str, deque[tuple[int, int]]] = {}
        for span in there:
            for key in span.keys:
                self._queues.setdefault(key, deque()).append((span.start, span.end))
        for each in find(translation, terms, in_compounds=True):
            self._queues.setdefault(term_key(each.target), deque()).append((each.start, each.end))

    def are_free(self, start: int, end: int) -> bool:
        """Whether none of these characters is taken."""
        return not any(self._taken[start:end])

    def take(self, span: ProtectedSpan) -> tuple[int, int] | None:
        """Take the first free place of a span; None if there is none."""
        firsts = [first for key in span.keys if (first := self._first_free(key))]
        # In a translation that is written in the script of the name, it is not found by its script.
        if not firsts and span.kind == "name" and (first := self._first_free(self._occurrences(span.target))):
            firsts = [first]
        if not firsts:
            return None
        start, end = min(firsts)
        self._taken[start:end] = b"\x01" * (end - start)
        return start, end

    def _first_free(self, key: str) -> tuple[int, int] | None:
        queue = self._queues.get(key, deque())
        while queue and not self.are_free(*queue[0]):
            queue.popleft()
        return queue[0] if queue else None

    def _occurrences(self, name: str) -> str:
        """The key of all occurrences of a name."""
        key = f"name {name}"
        if key not in self._queues:
            found = re.finditer(re.escape(name), self._translation)
            self._queues[key] = deque(match.span() for match in found)
        return key


def _may_be_added(span: ProtectedSpan, words: str, language: str, *, beside_others: bool) -> bool:
    """Whether a translation may have a span that its source lacks: a number for number words, and in a text
    without any values a small one, for which languages have more words than any table ("fortnight")."""
    if span.kind == "number":
        # Without the keys of Roman numerals.
        digits = [key.replace(".", "") for key in span.keys if not key[1:].isalpha()]
        is_plain = all(each.isdigit() or ":" in each for each in digits)
        is_small = all(len(each) <= 2 or ":" in each for each in digits)
        return is_plain and (may_become_digits(words, language) or (is_small and not beside_others))
    return span.kind in _IN_WORDS_ONLY


def _line_breaks(text: str) -> list[str]:
    return _LINE_BREAK.findall(text.strip())
