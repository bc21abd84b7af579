"""Dates, years and times of day."""

import datetime
import re
from collections.abc import Iterator

from babel.dates import format_date, get_date_format

from sokuji.text.spoken.numerals import NumberReader
from sokuji.text.spoken.rule import Rule

_CLOCK = re.compile(
    r"(?<![\w:.,])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?:Z|(?![\w:]))(?: ?h(?:rs?|s)?\b\.?)?"
)
_TWELVE_HOURS = re.compile(
    r"(?<![\w:.,])(1[0-2]|0?\d)(?:[:.]([0-5]\d))? ?([APap])\.?[Mm]\b(?:\.(?=[ ,]+[a-z(]|,))?"
)
_HOUR_SIGN = re.compile(r"(?<![\w:.,])([01]?\d|2[0-4]) ?[hH] ?([0-5]\d)?(?: ?min\b\.?)?(?![\w])")
_NO_HOUR_SIGN = ("en", "ja", "hi")
_NUMERIC = re.compile(r"(?<![\w/.-])(\d{1,4})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/]|[.-]\d)")
_DATE_AND_TIME = re.compile(r"(?<=\d{4}-\d\d-\d\d)T(?=\d\d:\d\d)")
"""The letter between a date and a time in ISO 8601."""
_DOTTED_CLOCK = re.compile(
    r"(?:(?<=\balle )|(?<=\bdalle )|(?<=\bore ))([01]?\d|2[0-3])\.([0-5]\d)(?!\w|[.,]\d)"
)
_EARLIEST_TWO_DIGIT_YEAR = 50
_PREFIX = (
    "in|since|of|by|from|until|till|before|after|year|to|and|between|during|around|circa|late|early|spring|summer|"
    "autumn|fall|winter"
)
_ENGLISH_YEAR = re.compile(
    rf"((?:\b(?:{_PREFIX}) |[(©] ?))(1[1-9]\d\d|20\d\d)(?![\w%°]|[,.:/-]\d)", re.IGNORECASE
)
_ENGLISH_YEARS = re.compile(r"(?<![\w.,$€£])(1[1-9]\d\d|20\d\d)( to )(1[1-9]\d\d|20\d\d)(?![\w%]|[,.]\d)")
_ENGLISH_DECADE = re.compile(r"(?<!\w)['’]?((?:1[1-9]|20)?\d0)['’]?s\b")


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules of a language, in the order in which they are applied."""
    language = reader.locale.language
    yield _DATE_AND_TIME, lambda _: " "
    yield _NUMERIC, lambda match: _numeric_date(match, reader)
    yield from _written_out(reader)
    yield _TWELVE_HOURS, lambda match: _twelve_hour_time(match, reader)
    yield _CLOCK, lambda match: _time(match, reader)
    if language not in _NO_HOUR_SIGN:
        yield _HOUR_SIGN, lambda match: _time(match, reader)
    if language == "it":
        yield _DOTTED_CLOCK, lambda match: _time(match, reader)
    if language == "en":
        yield _ENGLISH_YEAR, lambda match: match[1] + reader.year(int(match[2]))
        yield _ENGLISH_YEARS, lambda match: reader.year(int(match[1])) + match[2] + reader.year(int(match[3]))
        yield _ENGLISH_DECADE, lambda match: _plural(reader.year(int(match[1])))


def _numeric_date(match: re.Match[str], reader: NumberReader) -> str:
    """A date in digits, written out as the CLDR does; other rules then read its numbers."""
    first, second, last = match[1], match[3], match[4]
    if len(first) == 4 and len(last) == 2:
        year, month, day = int(first), int(second), int(last)
    elif len(first) <= 2 and (len(last) == 4 or match[2] == "/"):
        year = int(last) + (0 if len(last) == 4 else 1900 if int(last) >= _EARLIEST_TWO_DIGIT_YEAR else 2000)
        month_first = match[2] != "." and get_date_format("short", reader.locale).pattern.startswith("M")
        month, day = (int(first), int(second)) if month_first else (int(second), int(first))
        if month > 12:
            month, day = day, month
    else:
        return match[0]
    try:
        return format_date(datetime.date(year, month, day), "long", reader.locale)
    except ValueError:
        return match[0]


def _written_out(reader: NumberReader) -> Iterator[Rule]:
    """Dates with the name of the month: the day as an ordinal number where the language wants one."""
    wide, short = (reader.locale.months["format"][width] for width in ("wide", "abbreviated"))
    names = "|".join(
        sorted({*wide.values(), *(name.rstrip(".") for name in short.values())}, key=len, reverse=True)
    )
    if reader.lexicon.day_is_ordinal:
        day_after = re.compile(
            rf"\b({names})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.,]\d)(?:(,?) (1\d\d\d|20\d\d)\b)?"
        )
        yield day_after, lambda match: _day_after_month(match, wide, short, reader)
        day_before = re.compile(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th)?( of)? ({names})\b\.?(?:(,?) (1\d\d\d|20\d\d)\b)?"
        )
        yield day_before, lambda match: _day_before_month(match, wide, short, reader)
    if "d." in get_date_format("long", reader.locale).pattern:
        pattern = re.compile(rf"(?<![\w.,])(\d{{1,2}})\.(?= (?:{names})\b)")
        yield pattern, lambda match: reader.ordinal(int(match[1]))
    if first := reader.lexicon.first_day:
        yield re.compile(rf"(?<![\w.,])1(?:º|°|er)?(?= (?:de )?(?:{names})\b)"), lambda _: first


def _month(name: str, wide: dict[int, str], short: dict[int, str]) -> str:
    return next((wide[number] for number, each in short.items() if each.rstrip(".") == name), name)


def _day_after_month(
    match: re.Match[str], wide: dict[int, str], short: dict[int, str], reader: NumberReader
) -> str:
    if not 1 <= int(match[2]) <= 31:
        return match[0]
    day = f"{_month(match[1], wide, short)} {reader.ordinal(int(match[2]))}"
    return f"{day}{match[3]} {reader.year(int(match[4]))}" if match[4] else day


def _day_before_month(
    match: re.Match[str], wide: dict[int, str], short: dict[int, str], reader: NumberReader
) -> str:
    if not 1 <= int(match[1]) <= 31:
        return match[0]
    day = f"{reader.ordinal(int(match[1]))} of {_month(match[3], wide, short)}"
    day = day if match[2] else f"the {day}"
    return f"{day}{match[4]} {reader.year(int(match[5]))}" if match[5] else day


def _time(match: re.Match[str], reader: NumberReader) -> str:
    hours, minutes, *seconds = (int(part or 0) for part in match.groups())
    return reader.lexicon.time(hours, minutes, seconds[0] if seconds else 0, reader.say)


def _twelve_hour_time(match: re.Match[str], reader: NumberReader) -> str:
    hours, minutes = int(match[1]), int(match[2] or 0)
    clock = reader.lexicon.time(hours, minutes, 0, reader.say) if minutes else reader.say.cardinal(hours)
    return f"{clock} {match[3].upper()} M"


def _plural(words: str) -> str:
    return words[:-1] + "ies" if words.endswith("y") else words + "s"
