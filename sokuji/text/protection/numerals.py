"""Finds dates, times, amounts of money and numbers in a text, and writes them in another language. Pure.

Dates in digits, fractions, ranges, and numbers that cannot be read for certain stay as they are written:
languages have no region here, so 06/11 has no order that all readers of "en" share.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sokuji.text.protection.currencies import CODE, SIGN, identities, named_after
from sokuji.text.protection.number_format import (
    NUMERAL,
    Number,
    PLAIN_NUMERAL,
    SPACES,
    ascii_digits,
    babel_locale,
    number_format,
    read_number,
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text, with all that belongs to it: ``text[start:end]``."""

    start: int
    end: int
    keys: frozenset[str]
    """What it may mean, in any language: two numerals are the same value if they have a key in common."""
    written: str
    """How it is written in the target language."""


# Neighbours of which a number is a part. In scripts without spaces, words stand directly beside numbers.
_BEFORE = r"(?<![0-9A-Za-z_À-ɏ])"
_AFTER = r"(?![0-9A-Za-z_À-ɏ])"
_DATE = re.compile(
    _BEFORE + r"(?<![.,/-])(?:\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}([./-])\d{1,2}\2\d{1,2})(?![/-])" + _AFTER
)
_TIME = re.compile(
    _BEFORE + r"(?<![:.,])(?:(\d{1,2})(?::([0-5]\d))(?::([0-5]\d))?|(\d{1,2})(?=\s?[AaPp]\.?\s?[Mm]\b))"
    r"(\s?[AaPp](?:\.\s?[Mm]\.(?!\s*\Z|\s+[^\W\d_a-z])|\.?\s?[Mm]\b))?(?!:)" + _AFTER
)
_CLOCK_H = re.compile(_BEFORE + r"(?<![:.,])(\d{1,2})\s?[hH](?:([0-5]\d)(?:m(?:in)?)?)?(?![/²³])" + _AFTER)
_JOINED = re.compile(
    _BEFORE
    + r"(?<![.,/-])\+?(?:\d++(?:[.,]\d++)*+(?:[-/–:]\d++(?:[.,]\d++)*+)++|\d{2,}+(?:[ \u00a0]\d{2,}+(?![.,/:-]\d))++)(?![/%-])"
    + _AFTER
)
_SPACED_GROUPS = re.compile(rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+")
_SIGN = r"(?:(?<![\w.,)\]])[-+−±])?"
_AMOUNT = re.compile(
    _BEFORE
    + rf"(?P<minus>[-+−])?(?P<before>{SIGN}|{CODE}(?=[\s\d]))[{SPACES}]?(?P<first>{NUMERAL})"
    + rf"(?P<scale>[kKMBT]|bn|mn)?{_AFTER}"
    rf"|(?<!\d)(?<!\d[.,’'])(?P<sign>{_SIGN})(?P<last>{NUMERAL})[{SPACES}]?(?P<after>{SIGN}|{CODE}\b)"
)
_PLAIN_AMOUNT = re.compile(_AMOUNT.pattern.replace(NUMERAL, PLAIN_NUMERAL))
_SUFFIX = (
    rf"(?P<percent>[{SPACES}]?[%‰٪]|(?=[{SPACES}](?i:percent|per cent|por cento|por ciento|pour cent"
    r"|per cento|prozent)\b))"
    r"|(?P<ordinal>(?:st|nd|rd|th)\b|\.?[ºª°](?![CFcf]\b))"
    rf"|(?P<thousand>[{SPACES}](?:mil|mila|mille|thousand|tausend)\b)"
    rf"|(?P<degree>[{SPACES}]?°[CF]?)|(?P<decade>(?<=\d0)'?s\b)|(?P<unit>[A-Za-zÀ-ɏµ]{{1,3}}[²³]?(?!\w))"
)
_NUMBER = re.compile(rf"(?P<sign>{_SIGN})(?<!\d)(?P<number>{NUMERAL})(?:{_SUFFIX})?")
_PLAIN_NUMBER = re.compile(_NUMBER.pattern.replace(NUMERAL, PLAIN_NUMERAL))
_DECIMAL = re.compile(r"\d{1,2}\.\d{1,2}")
# A capital word within a sentence, or "version" in several languages.
_BEFORE_VERSION = re.compile(r"(?:[^\s.!?…:]\s+[A-Z][\w+#]*|(?i:versão|version|versión|versione)|\bv)\s?\Z")
_LONGEST_NAME = 40
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


def find_times_and_amounts(text: str, language: str, target: str) -> Iterator[Numeral]:
    """Dates, amounts of money and times, in order of precedence; of two that overlap the first one counts.

    Args:
        text: in ``language``.
        language, target: canonical codes. With the same code twice, ``keys`` are those of the text itself.
    """
    reading = _Reading(text, language, target)
    yield from _matches(
        text,
        (_DATE, reading.unchanged),
        (_AMOUNT if reading.groups_by_space else _PLAIN_AMOUNT, reading.amount),
        (_TIME, reading.time),
        (_CLOCK_H, reading.clock_h),
    )


def find_numbers(text: str, language: str, target: str) -> Iterator[Numeral]:
    """Ranges, fractions, telephone numbers, and all other numbers; as ``find_times_and_amounts``."""
    reading = _Reading(text, language, target)
    number = _NUMBER if reading.groups_by_space else _PLAIN_NUMBER
    yield from _matches(text, (_JOINED, reading.joined), (number, reading.number))


def _matches(text: str, *finders: Finder) -> Iterator[Numeral]:
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

    def unchanged(self, match: re.Match[str]) -> Numeral:
        """What stays as it is written, such as a date."""
        return Numeral(match.start(), match.end(), _same_text(match[0]), match[0])

    def joined(self, match: re.Match[str]) -> Numeral | None:
        """A range, a fraction, a telephone number; None for a number with spaces as thousands separators."""
        if self.groups_by_space and _SPACED_GROUPS.fullmatch(match[0]):
            return None
        return self.unchanged(match)

    def time(self, match: re.Match[str]) -> Numeral | None:
        """A time with a colon, or with "a.m." or "p.m."."""
        hours, minutes = int(match[1] or match[4]), match[2] or "00"
        half = (match[5] or "").strip().lower()[:1]
        if hours > 24 or (half and not 1 <= hours <= 12):
            return self.unchanged(match)
        written = match[0]
        if half:
            hours = hours % 12 + (12 if half == "p" else 0)
            if not _has_half_days(self._target):
                written = ":".join(part for part in (str(hours), minutes, match[3]) if part)
        keys = {_time_key(hours, minutes, match[3])} | ({f"={match[0]}"} if not half else set())
        return Numeral(match.start(), match.end(), frozenset(keys), written)

    def clock_h(self, match: re.Match[str]) -> Numeral | None:
        """A time or a duration such as "19h45", "15h", "2 h"."""
        hours, minutes = match[1], match[2]
        if int(hours) > 24:
            return None
        if minutes is None:
            keys = {hours, _time_key(int(hours), "00")}
            return Numeral(match.start(), match.end(), frozenset(keys), match[0])
        written = match[0] if self._target in ("pt", "fr", "gl", "ca") else f"{hours}:{minutes}"
        keys = {_time_key(int(hours), minutes)}
        return Numeral(match.start(), match.end(), frozenset(keys), written)

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
        if match["thousand"] and (thousands := self._thousands(match)) is not None:
            return thousands
        value, number = self._read(match["number"], is_version=self._is_version(match))
        keys = frozenset(f"{sign}{value}{kind}" for kind in self._kinds(match))
        written = match["sign"] + (number or match["number"]) + self._suffix(match, value)
        return Numeral(match.start(), match.end(), keys, written)

    def _thousands(self, match: re.Match[str]) -> Numeral | None:
        """A number of thousands ("5 mil"), of which translators make a number ("5,000")."""
        number = read_number(match["number"], self._own)
        if number is None or len(number.decimals or "") > 3:
            return None
        product = Number(number.whole + (number.decimals or "").ljust(3, "0"), None, grouped=True)
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


def _same_text(text: str) -> frozenset[str]:
    return frozenset({"=" + "".join(text.split())})


def _time_key(hours: int, minutes: str, seconds: str | None = None) -> str:
    return f"{hours}:{minutes}:{seconds or '00'}"


def _has_half_days(language: str) -> bool:
    """Whether a language writes "3 p.m." rather than "15:00"; unknown languages may."""
    locale = babel_locale(language)
    return locale is None or "a" in locale.time_formats["short"].pattern
