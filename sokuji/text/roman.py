"""Roman numerals."""

import re
from collections.abc import Iterator

_ROMAN = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1_000}


def roman_value(numeral: str) -> int | None:
    """The value of a Roman numeral in its usual form; None for other letters."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return None
    return sum(_signed_digits(numeral))


def _signed_digits(numeral: str) -> Iterator[int]:
    values = [_ROMAN_DIGITS[letter] for letter in numeral]
    for value, following in zip(values, [*values[1:], 0], strict=True):
        yield -value if value < following else value
