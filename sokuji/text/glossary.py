"""Glossaries, that is terms with a fixed translation: validates them and finds their terms in a text. Pure.

A term matches whole words, with any white space between them, in any case. Apostrophes, hyphens, full stops
and @ join words: "mail" does not match in "e-mail", nor "Anna" in "Anna's"; a term does match after an elided
article ("l'Acme"). In scripts without spaces a term matches anywhere. Of overlapping matches the leftmost
counts, and of those with the same begin the longest. URLs are skipped. The target is written exactly as
given, also at the begin of a sentence: only the user knows whether "iPhone" may become "IPhone".
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sokuji.errors import InvalidRequest
from sokuji.text.punctuation import is_spaceless

MAX_TERMS = 200
MAX_TERM_CHARS = 100
"""Limit of a source term and of its target."""
NO_TERMS: Mapping[str, str] = MappingProxyType({})

# One of these between two letters joins them to one word; an apostrophe after an elided article does not.
_JOINING = frozenset("-\u2010\u2011.@")
_APOSTROPHES = frozenset("'\u2019")
# "C" is not in "C++" or "C#".
_SUFFIX_SIGNS = frozenset("+#")
_URL = re.compile(r"https?://\S++")
# Control characters, halves of surrogate pairs, line and paragraph separators.
_CONTROL_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
_CHARACTER = re.compile(r"\s+|\S")


class Occurrence(NamedTuple):
    """A match of a term in a text, and its target in the translation."""

    start: int
    end: int
    target: str


def check(glossary: Mapping[str, str]) -> None:
    """Validate a glossary.

    Raises:
        InvalidRequest: there are too many terms, or a term is too long, blank, not text, or a duplicate; the
            message names it.
    """
    if len(glossary) > MAX_TERMS:
        raise InvalidRequest(
            f"the glossary has {len(glossary)} terms, the limit is {MAX_TERMS}", param="glossary"
        )
    seen: dict[str, str] = {}
    for source, target in glossary.items():
        _check_side(source, source)
        _check_side(source, target)
        if not any(unicodedata.category(character)[0] in "LNS" for character in source):
            raise _refusal(source, "has neither a letter nor a digit")
        if (other := seen.setdefault(_key(source), source)) != source:
            raise _refusal(source, f"differs from {_quoted(other)} in case or spaces only: leave one out")


def _check_side(term: str, side: str) -> None:
    """Validate ``side`` of a term: the term itself, or its target."""
    what = "" if side is term else "has a translation that "
    if len(side) > MAX_TERM_CHARS:
        raise _refusal(term, f"{what}is longer than {MAX_TERM_CHARS} characters")
    if not side.strip():
        raise _refusal(term, f"{what}is blank")
    if any(unicodedata.category(character) in _CONTROL_CATEGORIES for character in side):
        raise _refusal(term, f"{what}holds a control character or half of a surrogate pair")


def _refusal(term: str, fault: str) -> InvalidRequest:
    return InvalidRequest(f"the glossary's term {_quoted(term)} {fault}", param="glossary")


def _quoted(term: str) -> str:
    return repr(term[:40])


def normalised(text: str) -> str:
    """The text in Unicode's normal form C, in which terms are compared."""
    return unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    """The text folded to lower case, with the same length."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded
    # casefold() makes two letters of a few, such as ß.
    return "".join(next(c for c in (each.casefold(), each.lower(), each) if len(c) == 1) for each in text)


def _key(term: str) -> str:
    return _folded(" ".join(normalised(term).split()))


def find(text: str, glossary: Mapping[str, str], *, in_compounds: bool = False) -> list[Occurrence]:
    """The matches of the terms of a validated glossary in a text, in order.

    Args:
        text: in normal form (see ``normalised``).
        glossary: has passed ``check``.
        in_compounds: also match a term that a hyphen, an apostrophe or a full stop joins to another word.
    """
    if not glossary:
        return []
    targets = {_key(source): target.strip() for source, target in glossary.items()}
    lengths: dict[str, list[int]] = {}
    for length, first in sorted({(len(term), term[0]) for term in targets}, reverse=True):
        lengths.setdefault(first, []).append(length)
    # Index in the text with single spaces -> index in the text.
    places = [match.start() for match in _CHARACTER.finditer(text)]
    folded = _folded("".join(" " if text[place].isspace() else text[place] for place in places))
    found: list[Occurrence] = []
    free = 0
    for index, place in enumerate(places):
        if place < free or folded[index] not in lengths or not _begins(text, place, in_compounds):
            continue
        for length in lengths[folded[index]]:
            term = folded[index : index + length]
            end = places[min(index + length, len(places)) - 1] + 1
            if len(term) == length and term in targets and _ends(text, end, in_compounds):
                found.append(Occurrence(place, end, targets[term]))
                free = end
                break
    return _outside_urls(text, found)


def _begins(text: str, start: int, in_compounds: bool) -> bool:
    """Whether a word can begin at ``start``."""
    if is_spaceless(text[start]) or start == 0:
        return True
    if _is_of_word(text[start - 1]):
        return False
    return in_compounds or start == 1 or text[start - 1] not in _JOINING or not _is_of_word(text[start - 2])


def _ends(text: str, end: int, in_compounds: bool) -> bool:
    """Whether a word can end at ``end``."""
    if is_spaceless(text[end - 1]) or end == len(text):
        return True
    if _is_of_word(text[end]):
        return False
    if in_compounds:
        return True
    joins = text[end] in _JOINING | _APOSTROPHES and end + 1 < len(text) and _is_of_word(text[end + 1])
    return not joins and text[end] not in _SUFFIX_SIGNS


def _is_of_word(character: str) -> bool:
    """Whether a character can be part of a word, in a script with spaces."""
    is_of_word = character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"
    return is_of_word and not is_spaceless(character)


def _outside_urls(text: str, found: list[Occurrence]) -> list[Occurrence]:
    inside = {place for url in _URL.finditer(text) for place in range(*url.span())} if found else set()
    return [each for each in found if each.start not in inside and each.end - 1 not in inside]


def fill(text: str, found: Iterable[Occurrence]) -> str:
    """The text with the matches replaced by their targets."""
    parts = []
    end = 0
    for occurrence in found:
        parts += [text[end : occurrence.start], occurrence.target]
        end = occurrence.end
    return "".join(parts) + text[end:]


def replace(text: str, glossary: Mapping[str, str]) -> str:
    """A text that needs no translation, with the terms replaced by their targets."""
    found = find(normalised(text), glossary)
    return fill(normalised(text), found) if found else text
