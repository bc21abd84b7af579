"""Finds amounts of money and numbers in a text, and writes them in another language. Pure.

Fractions, ranges, Roman numerals, and numbers that cannot be read for certain stay as they are written.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sokuji.text.protection.currencies import CODE, SIGN, identities, named_after
from sokuji.text.protection.number_format import (
    AFTER_NUMBER,
    BEFORE_NUMBER,
    NUMERAL,
    PLAIN_NUMERAL,
    SPACES,
    Number,
    ascii_digits,
    number_format,
    read_number,
)
from sokuji.text.roman import roman_value


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text, with all that belongs to it: ``text[start:end]``."""

    start: int
    end: int
    keys: frozenset[str]
    """What it may mean, in any language: two numerals are the same value if they have a key in common."""
    written: str
    """How it is written in the target language."""


_JOINED = re.compile(
    BEFORE_NUMBER
    + r"(?<![.,/-])\+?(?:\d++(?:[.,]\d++)*+(?:[-/–:]\d++(?:[.,]\d++)*+)++"
    + r"|\d{2,}+(?:[ \u00a0]\d{2,}+(?![.,/:-]\d))++)(?![/%-])"
    + AFTER_NUMBER
)
_SPACED_GROUPS = re.compile(rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+")
_SIGN = r"(?:(?<![\w.,)\]])[-+−±])?"
_AMOUNT = re.compile(
    BEFORE_NUMBER
    + rf"(?P<minus>[-+−])?(?P<before>{SIGN}|{CODE}(?=[\s\d]))[{SPACES}]?(?P<first>{NUMERAL})"
    + rf"(?P<scale>[kKMBT]|bn|mn)?{AFTER_NUMBER}"
    rf"|(?<!\d)(?<!\d[.,’'])(?P<sign>{_SIGN})(?P<last>{NUMERAL})[{SPACES}]?(?P<after>{SIGN}|{CODE}\b)"
)
_PLAIN_AMOUNT = re.compile(_AMOUNT.pattern.replace(NUMERAL, PLAIN_NUMERAL))
_SUFFIX = (
    rf"(?P<percent>[{SPACES}]?[%‰٪]|(?=[{SPACES}](?i:percent|per cent|por cento|por ciento|pour cent"
    r"|per cento|prozent)\b))"
    r"|(?P<ordinal>(?:st|nd|rd|th)\b|\.?[ºª°](?![CFcf]\b))"
    rf"|(?P<scale>[{SPACES}](?:mil|mila|mille|thousand|tausend)\b|[千万萬亿億만억](?![\d千万萬亿億만억]))"
    rf"|(?P<degree>[{SPACES}]?°[CF]?)|(?P<decade>(?<=\d0)'?s\b)|(?P<unit>[A-Za-zÀ-ɏµ]{{1,3}}[²³]?(?!\w))"
)
_NUMBER = re.compile(rf"(?P<sign>{_SIGN})(?<!\d)(?P<number>{NUMERAL})(?:{_SUFFIX})?")
_PLAIN_NUMBER = re.compile(_NUMBER.pattern.replace(NUMERAL, PLAIN_NUMERAL))
_ROMAN = re.compile(r"(?<!\w)[IVX]{2,7}(?!\w)")
_DECIMAL = re.compile(r"\d{1,2}\.\d{1,2}")
# A capital word within a sentence, or "version" in several languages.
_BEFORE_VERSION = re.compile(r"(?:[^\s.!?…:]\s+[A-Z][\w+#]*|(?i:versão|version|versión|versione)|\bv)\s?\Z")
_LONGEST_NAME = 40
_EXPONENTS = {"千": 3, "万": 4, "萬": 4, "만": 4, "亿": 8, "億": 8, "억": 8}
"""Word for a power of ten -> its exponent; all other words that are found stand for a thousand."""
_FRENCH_ORDINALS = frozenset({"er", "re", "e", "ère", "ème"})
_ORDINALS = {
    "pt": "º",
    "es": "º",
    "it": "º",
    "gl": "º",
    "fr": "e",
    "de": ".",
    "pl": ".",
    "cs": ".",
    "da": ".",
}


Finder = tuple[re.Pattern[str], Callable[[re.Match[str]], "Numeral | None"]]


def find_amounts(text: str, language: str, target: str) -> Iterator[Numeral]:
    """Amounts of money; of two numerals that overlap the first one counts.

    Args:
        text: in ``language``.
        language, target: canonical codes. With the same code twice, ``keys`` are those of the text itself.
    """
    reading = _Reading(text, language, target)
    yield from matches(text, (_AMOUNT if reading.groups_by_space else _PLAIN_AMOUNT, reading.amount))


def find_numbers(text: str, language: str, target: str) -> Iterator[Numeral]:
    """Ranges, fractions, telephone numbers, Roman numerals, and all other numbers; as ``find_amounts``."""
    reading = _Reading(text, language, target)
    number = _NUMBER if reading.groups_by_space else _PLAIN_NUMBER
    yield from matches(text, (_JOINED, reading.joined), (number, reading.number), (_ROMAN, roman))


def unchanged(match: re.Match[str]) -> Numeral:
    """A numeral that stays as it is written, such as a date."""
    key = "=" + "".join(match[0].split())
    return Numeral(match.start(), match.end(), frozenset({key}), match[0])


def roman(match: re.Match[str]) -> Numeral | None:
    """A Roman numeral, in place of which a translation may have another number: "século XXI"."""
    if (value := roman_value(match[0])) is None:
        return None
    return Numeral(match.start(), match.end(), frozenset({f"={match[0]}", str(value)}), match[0])


def matches(text: str, *finders: Finder) -> Iterator[Numeral]:
    """What the finders read, in their order."""
    for pattern, read in finders:
        for match in pattern.finditer(text):
            if (numeral := read(match)) is not None:
                yield numeral


class _Reading:
    """Reads the numerals of one text."""

    def __init__(self, text: str, language: str, target: str) -> None:
        self._text = text
        self._language = language
        self._target = target
        self._own = number_format(language)
        self._format = number_format(target)
        self.groups_by_space = self._own is not None and self._own.groups_by_space
        """Whether the text's language separates thousands by a space."""

    def joined(self, match: re.Match[str]) -> Numeral | None:
        """A range, a fraction, a telephone number; None for a number with spaces as thousands separators."""
        if self.groups_by_space and _SPACED_GROUPS.fullmatch(match[0]):
            return None
        return unchanged(match)

    def amount(self, match: re.Match[str]) -> Numeral:
        """A number with a currency sign or code."""
        sign = match["before"] or match["after"]
        minus = (match["minus"] or match["sign"] or "").replace("−", "-")
        value, number = self._read(match["first"] or match["last"])
        scale = match["scale"] or ""
        keys = frozenset(f"{minus}{value}{scale} {identity}" for identity in identities(sign))
        written = match[0]
        if number is not None and self._format is not None and self._language != self._target:
            gap = " " if sign.isalpha() else self._format.sign_gap
            parts = [sign, number + scale] if self._format.sign_first else [number + scale, sign]
            written = minus + gap.join(parts)
        return Numeral(match.start(), match.end(), keys, written)

    def number(self, match: re.Match[str]) -> Numeral:
        """Any other number, with its sign and what directly follows it: a per cent sign, "th", "km"."""
        sign = match["sign"].replace("−", "-")
        if match["scale"] and (scaled := self._scaled(match)) is not None:
            return scaled
        value, number = self._read(match["number"], is_version=self._is_version(match))
        keys = frozenset(f"{sign}{value}{kind}" for kind in self._kinds(match))
        written = match["sign"] + (number or match["number"]) + self._suffix(match, value)
        return Numeral(match.start(), match.end(), keys, written)

    def _scaled(self, match: re.Match[str]) -> Numeral | None:
        """A number of thousands or the like ("5 mil"), of which translators make a number ("5,000")."""
        number = read_number(match["number"], self._own)
        exponent = _EXPONENTS.get(match["scale"], 3)
        if number is None or len(number.decimals or "") > exponent:
            return None
        whole = number.whole + (number.decimals or "").ljust(exponent, "0")
        product = Number(whole.lstrip("0") or "0", None, grouped=True)
        keys = frozenset(f"{match['sign']}{product.value}{kind}" for kind in self._kinds(match))
        is_same = self._language == self._target or self._format is None
        written = (
            match[0] if is_same or self._format is None else match["sign"] + product.written(self._format)
        )
        return Numeral(match.start(), match.end(), keys, written)

    def _kinds(self, match: re.Match[str]) -> set[str]:
        """What the number counts, as far as its value depends on it.

        A sign has to stay a sign, whereas the word "percent" may become one, and "5km" may become "5 km".
        """
        is_translation = self._language == self._target
        if match["percent"] or match["degree"]:
            return {(match["percent"] or match["degree"]).strip()}
        if match["percent"] is not None:
            return {"percent"} if is_translation else {"%", "percent"}
        if (unit := match["unit"]) and not (self._language == "fr" and unit in _FRENCH_ORDINALS):
            return {f" {unit}"} if is_translation else {"", f" {unit}"}
        currency = named_after(self._text, match.end(), self._language)
        return {f" {currency}" if currency else ""}

    def _suffix(self, match: re.Match[str], value: str) -> str:
        """What follows the number directly, in the target language."""
        suffix = match[0][match.end("number") - match.start() :]
        if match["ordinal"] or (self._language == "fr" and suffix in _FRENCH_ORDINALS):
            return self._ordinal(value, suffix)
        return "" if match["decade"] and self._target != "en" else suffix

    def _read(self, numeral: str, *, is_version: bool = False) -> tuple[str, str | None]:
        """The value of digits with separators, and how it is written in the target language.

        The value of a number that cannot be read, or is in another language's format, is itself.
        """
        number = None if is_version else read_number(numeral, self._own)
        if number is None or self._format is None:
            # It stays as it is written, so its value is what a reader of the target language takes it for.
            read = None if self._own == self._format else read_number(numeral, self._format)
            return (read.value if read and read.in_own_format else f"={ascii_digits(numeral)}"), None
        if self._language == self._target:
            return (number.value if number.in_own_format else f"={ascii_digits(numeral)}"), None
        return number.value, number.written(self._format)

    def _is_version(self, match: re.Match[str]) -> bool:
        """Whether the number is that of a version or a model: "Python 3.11"."""
        begin = match.start("number")
        before = self._text[max(0, begin - _LONGEST_NAME) : begin]
        return bool(_DECIMAL.fullmatch(match["number"])) and _BEFORE_VERSION.search(before) is not None

    def _ordinal(self, value: str, suffix: str) -> str:
        """The suffix of an ordinal number in the target language, where that has one."""
        if self._language == self._target:
            return suffix
        if self._target == "en":
            is_teen = value[-2:-1] == "1"
            return "th" if is_teen else {"1": "st", "2": "nd", "3": "rd"}.get(value[-1], "th")
        return _ORDINALS.get(self._target, "")
