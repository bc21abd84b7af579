"""Finds dates and times in a text, and writes them in another language. Pure.

Dates in digits stay as they are written: languages have no region here, so 06/11 has no order that all
readers of "en" share. Times are written on the clock that the target language uses.
"""

import re
from collections.abc import Iterator

from sokuji.text.locales import babel_locale
from sokuji.text.protection.number_format import AFTER_NUMBER, BEFORE_NUMBER
from sokuji.text.protection.numerals import Numeral, matches, unchanged

_DATE = re.compile(
    BEFORE_NUMBER
    + r"(?<![.,/-])(?:\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}([./-])\d{1,2}\2\d{1,2})(?![/-])"
    + AFTER_NUMBER
)
_TIME = re.compile(
    BEFORE_NUMBER
    + r"(?<![:.,])(?:(\d{1,2})(?::([0-5]\d))(?::([0-5]\d))?|(\d{1,2})(?=\s?[AaPp]\.?\s?[Mm]\b))"
    + r"(\s?[AaPp](?:\.\s?[Mm]\.(?!\s*\Z|\s+[^\W\d_a-z])|\.?\s?[Mm]\b))?(?!:)"
    + AFTER_NUMBER
)
_CLOCK_H = re.compile(
    BEFORE_NUMBER + r"(?<![:.,])(\d{1,2})\s?[hH](?:([0-5]\d)(?:m(?:in)?)?)?(?![/²³])" + AFTER_NUMBER
)
_WITH_H = frozenset({"pt", "fr", "gl", "ca"})
"""Languages that write "19h45"."""


def find_times(text: str, language: str, target: str) -> Iterator[Numeral]:
    """Dates and times; the arguments are as in ``numerals.find_amounts``."""
    clock = _Clock(target)
    yield from matches(text, (_DATE, unchanged), (_TIME, clock.time), (_CLOCK_H, clock.time_with_h))


class _Clock:
    """Writes times in one language."""

    def __init__(self, target: str) -> None:
        self._target = target

    def time(self, match: re.Match[str]) -> Numeral | None:
        """A time with a colon, or with "a.m." or "p.m."."""
        hours, minutes = int(match[1] or match[4]), match[2] or "00"
        half = (match[5] or "").strip().lower()[:1]
        if hours > 24 or (half and not 1 <= hours <= 12):
            return unchanged(match)
        written = match[0]
        if half:
            hours = hours % 12 + (12 if half == "p" else 0)
            if not _has_am_and_pm(self._target):
                written = ":".join(part for part in (str(hours), minutes, match[3]) if part)
        keys = {_time_key(hours, minutes, match[3])} | ({f"={match[0]}"} if not half else set())
        return Numeral(match.start(), match.end(), frozenset(keys), written)

    def time_with_h(self, match: re.Match[str]) -> Numeral | None:
        """A time or a duration such as "19h45", "15h", "2 h"."""
        hours, minutes = match[1], match[2]
        if int(hours) > 24:
            return None
        if minutes is None:
            keys = {hours, _time_key(int(hours), "00")}
            return Numeral(match.start(), match.end(), frozenset(keys), match[0])
        written = match[0] if self._target in _WITH_H else f"{hours}:{minutes}"
        keys = {_time_key(int(hours), minutes)}
        return Numeral(match.start(), match.end(), frozenset(keys), written)


def _time_key(hours: int, minutes: str, seconds: str | None = None) -> str:
    return f"{hours}:{minutes}:{seconds or '00'}"


def _has_am_and_pm(language: str) -> bool:
    """Whether a language writes "3 p.m." rather than "15:00"; unknown languages may."""
    locale = babel_locale(language)
    return locale is None or "a" in locale.time_formats["short"].pattern
