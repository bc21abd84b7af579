"""Reads and writes numbers by the rules of a language; the rules are CLDR's, by way of Babel. Pure.

A number is read in the format of its language ("1.299,99" in Portuguese). A number in the format of another
language is read too where it can mean nothing else ("1,299.99"); a number with a single separator that the
language would read otherwise, such as "9,5" in English, is not.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from babel.numbers import get_decimal_symbol, get_group_symbol

from sokuji.text.locales import babel_locale

SPACES = " \u00a0\u2009\u202f"
NUMERAL = rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})++(?!\d)(?:[.,]\d++)?|\d++(?:[.,’'\u066b\u066c]\d++)*+"
"""Digits with separators in any language that groups by spaces; ``PLAIN_NUMERAL`` is for the others."""
PLAIN_NUMERAL = r"\d++(?:[.,’'\u066b\u066c]\d++)*+"
"""Digits with separators other than spaces."""
BEFORE_NUMBER = r"(?<![0-9A-Za-z_À-ɏ])"
AFTER_NUMBER = r"(?![0-9A-Za-z_À-ɏ])"
"""Where a number may begin and end. In scripts without spaces, words stand directly beside numbers."""
_NATIVE_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": ","})
"""Arabic decimal and thousands separators."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a language writes numbers."""

    group: str
    decimal: str
    last_group: int
    """Digits of the last group before the decimal separator; the others have ``other_groups``."""
    other_groups: int
    sign_first: bool
    """Whether a currency sign stands before the amount."""
    sign_gap: str
    """Between a currency sign and the amount: a space or nothing."""

    @property
    def groups_by_space(self) -> bool:
        """Whether thousands are separated by a space."""
        return self.group in SPACES


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number without a sign, in ASCII digits."""

    whole: str
    decimals: str | None
    grouped: bool
    """Whether it was written with thousands separators."""
    in_own_format: bool = True
    """Whether it was written in the format of the language in which it was read."""

    @property
    def value(self) -> str:
        """The number without thousands separators, with a decimal point; zeros are kept."""
        return self.whole if self.decimals is None else f"{self.whole}.{self.decimals}"

    def written(self, number_format: NumberFormat) -> str:
        """The number in a format: with thousands separators if it had some, and with the same digits."""
        whole = self.whole
        if self.grouped:
            groups = [whole[-number_format.last_group :]]
            whole = whole[: -number_format.last_group]
            while whole:
                groups.insert(0, whole[-number_format.other_groups :])
                whole = whole[: -number_format.other_groups]
            whole = number_format.group.join(groups)
        return whole if self.decimals is None else f"{whole}{number_format.decimal}{self.decimals}"


@cache
def number_format(language: str) -> NumberFormat | None:
    """The format of a canonical language code; None for a language that Babel does not know."""
    if (locale := babel_locale(language)) is None:
        return None
    last_group, other_groups = locale.decimal_formats[None].grouping
    pattern = re.sub("[\u200e\u200f]", "", locale.currency_formats["standard"].pattern).split(";")[0]
    return NumberFormat(
        group=get_group_symbol(locale, numbering_system="latn"),
        decimal=get_decimal_symbol(locale, numbering_system="latn"),
        last_group=last_group,
        other_groups=other_groups,
        sign_first=pattern.startswith("¤"),
        sign_gap=" " if "\u00a0" in pattern else "",
    )


def ascii_digits(text: str) -> str:
    """The text with the digits of all scripts as ASCII digits."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def read_number(numeral: str, own: NumberFormat | None) -> Number | None:
    """The number that ``NUMERAL`` has matched; None if it is malformed, or may be read in two ways.

    Args:
        numeral: digits and separators.
        own: the format of the language; None: unknown.
    """
    numeral = ascii_digits(numeral).translate(_NATIVE_SEPARATORS)
    parts = re.split(r"\D", numeral)
    signs = [character for character in numeral if not character.isdigit()]
    if not signs:
        return Number(numeral, None, grouped=False)
    if own is None:
        return None
    if len(set(signs)) == 1 and _same(signs[0], own.decimal) and len(signs) == 1:
        return Number(parts[0], parts[1], grouped=False)
    if len(set(signs)) == 1:
        if not _is_grouped(parts) or not (_same(signs[0], own.group) or len(signs) > 1):
            return None
        return Number("".join(parts), None, grouped=True, in_own_format=_same(signs[0], own.group))
    if len(set(signs[:-1])) > 1 or signs[-1] not in ".," or not _is_grouped(parts[:-1]):
        return None
    in_own_format = _same(signs[0], own.group) and signs[-1] == own.decimal
    return Number("".join(parts[:-1]), parts[-1], grouped=True, in_own_format=in_own_format)


def _same(sign: str, other: str) -> bool:
    return sign == other or (sign in SPACES and other in SPACES) or (sign in "’'" and other in "’'")


def _is_grouped(parts: list[str]) -> bool:
    """Whether these are the groups of a number: of three digits, or of two and then three (as in India)."""
    first, *inner = parts[:-1]
    if len(parts[-1]) != 3 or not 1 <= len(first) <= 3 or first == "0":
        return False
    return all(len(part) == 3 for part in inner) or (
        len(first) <= 2 and all(len(part) == 2 for part in inner)
    )
