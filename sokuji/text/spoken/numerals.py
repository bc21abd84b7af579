"""Written numbers to words: separators of the language, decimals, ordinal numbers, strings of digits."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from num2words import CONVERTER_CLASSES, num2words

from sokuji.text.spoken.lexicon import Lexicon, Numerals, Substitutions
from sokuji.text.spoken.lexicons import LEXICONS

WRITTEN_NUMBER = (
    r"(?:(?<!\d )\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+|['’]\d{3}(?!\d))*)"
)
"""A number as any language writes it; what it means depends on the language."""
NUMBER = rf"(?<![\w.,]){WRITTEN_NUMBER}"
"""One that stands by itself."""
MINUS = r"(?P<minus>(?<![\w.,)])[-−])?"
"""The sign of a negative amount."""
LONGEST_CARDINAL = 9
"""Longer numbers without separators are said digit by digit, as are those that begin with a zero."""
_LONGEST_NUMBER = 40
"""Longer ones are said digit by digit: no language has words for them."""
_DIGIT_GROUP = 3
_SPACES = re.compile("[ \u00a0\u202f'’]")
_VARIANTS = {"pt": "pt_BR"}
"""The variant of a language that the voices speak."""
_DIGITS_ARE_READ = ("ja", "ko", "zh")
"""Languages of num2words whose voices read digits at least as well as its words."""
_FALLBACK = "en"


class NumberReader:
    """Reads the numbers of one language.

    Args:
        language: canonical code.
    """

    def __init__(self, language: str) -> None:
        self.lexicon: Lexicon = LEXICONS.get(language, Lexicon())
        self.locale = _locale(language)
        converter = _VARIANTS.get(language, language)
        self._converter = converter if converter in CONVERTER_CLASSES else ""
        if language in _DIGITS_ARE_READ:
            self._converter = ""
        symbols = self.locale.number_symbols["latn"]
        self._decimal, self._group = symbols["decimal"], symbols["group"]
        self.say = Numerals(
            cardinal=lru_cache(1_024)(self._cardinal), feminine=self._feminine, ordinal=self._ordinal
        )

    @property
    def spells_numbers(self) -> bool:
        """Whether its numbers become words; otherwise they stay digits, without separators of groups."""
        return bool(self._converter)

    def parse(self, written: str) -> Decimal | None:
        """The value of a written number; None if the language has no such number ("1.2.3").

        A single separator before three digits groups them if that is the language's way; every other
        single separator is a decimal one, and of two different ones the last.
        """
        compact = _SPACES.sub("", written)
        if len(compact) > _LONGEST_NUMBER:
            return None
        separators = re.findall("[.,]", compact)
        if not separators:
            return Decimal(compact)
        decimal = self._decimal_separator(compact, separators)
        whole, _, decimals = compact.partition(decimal) if decimal else (compact, "", "")
        if re.search("[.,]", decimals) or not re.fullmatch(
            r"\d+|\d{1,3}(?:([.,])\d{2,3}(?:\1\d{2,3})*)", whole
        ):
            return None
        if re.search(r"[.,]\d\d$", whole):
            return None
        return Decimal(re.sub("[.,]", "", whole) + ("." + decimals if decimals else ""))

    def _decimal_separator(self, compact: str, separators: list[str]) -> str:
        """The character that separates decimals in a number, or "" if only groups are separated."""
        last = separators[-1]
        if len(set(separators)) == 2:
            return last if separators.count(last) == 1 else ""
        groups = re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", compact) and last != self._decimal
        return "" if len(separators) > 1 or groups else last

    def words(self, written: str, *, feminine: bool = False, noun: bool = False) -> str | None:
        """A written number in words; None as in ``parse``.

        Args:
            feminine: whether it counts a feminine noun.
            noun: whether a noun follows, in which case it is masculine unless ``feminine``.
        """
        compact = _SPACES.sub("", written)
        if compact.isdigit() and (
            len(written) > LONGEST_CARDINAL or (compact[0] == "0" and len(compact) > 1)
        ):
            return self.digits(compact)
        value = self.parse(written)
        return None if value is None else self.value(value, feminine=feminine, noun=noun)

    def value(self, value: Decimal, *, feminine: bool = False, noun: bool = False) -> str:
        """A number that is not negative in words."""
        whole, _, decimals = f"{value:f}".partition(".")
        words = self.say.feminine(int(whole)) if feminine else self.say.cardinal(int(whole))
        if decimals and not self.lexicon.decimal:
            return self._converted(value, "cardinal")
        if decimals:
            return f"{words} {self.lexicon.decimal} {self._decimals(decimals)}"
        return _substituted(words, self.lexicon.before_noun) if noun and not feminine else words

    def signed(self, words: str, minus: str | None) -> str:
        """The words of an amount with the sign that was before it."""
        return f"{self.lexicon.minus or minus} {words}" if minus else words

    def digits(self, digits: str) -> str:
        """A string of digits, said one by one."""
        groups = [digits[at : at + _DIGIT_GROUP] for at in range(0, len(digits), _DIGIT_GROUP)]
        if len(groups) > 1 and len(groups[-1]) == 1:
            groups[-2:] = [groups[-2] + groups[-1]]
        return ", ".join(" ".join(self.say.cardinal(int(digit)) for digit in group) for group in groups)

    def ordinal(self, value: int, *, feminine: bool = False, noun: bool = False) -> str:
        """An ordinal number in words; the arguments are as in ``words``."""
        words = self.say.ordinal(value)
        if not feminine:
            return _substituted(words, self.lexicon.before_noun) if noun else words
        return " ".join(_substituted(word, self.lexicon.feminine_ordinal) for word in words.split(" "))

    def _decimals(self, decimals: str) -> str:
        zeros = len(decimals) - len(decimals.lstrip("0"))
        if self.lexicon.joins_decimals and self._converter and len(decimals) == 2 and zeros < 2:
            rest = self.say.cardinal(int(decimals))
            return " ".join([*[self.say.cardinal(0)] * zeros, rest])
        return " ".join(self.say.cardinal(int(digit)) for digit in decimals)

    def _cardinal(self, value: int) -> str:
        return self._converted(value, "cardinal")

    def _feminine(self, value: int) -> str:
        words = self.say.cardinal(value)
        return " ".join(_substituted(word, self.lexicon.feminine) for word in words.split(" "))

    def _ordinal(self, value: int) -> str:
        return self._converted(value, "ordinal")

    def year(self, value: int) -> str:
        """A year in words."""
        return self._converted(value, "year")

    def _converted(self, value: int | Decimal, kind: str) -> str:
        if not self._converter:
            return str(value)
        try:
            words: str = num2words(value, lang=self._converter, to=kind)
        except (NotImplementedError, OverflowError, KeyError, IndexError, TypeError):
            return str(value)
        return words.replace(",", "")


@lru_cache
def reader(language: str) -> NumberReader:
    """The reader of a language."""
    return NumberReader(language)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_FALLBACK)


def _substituted(words: str, substitutions: Substitutions) -> str:
    for pattern, replacement in substitutions:
        changed, count = re.subn(pattern, replacement, words)
        if count:
            return changed
    return words


def roman_value(numeral: str) -> int | None:
    """The value of a Roman numeral in its usual form; None for other letters."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return None
    return sum(_signed_digits(numeral))


_ROMAN = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1_000}


def _signed_digits(numeral: str) -> Iterator[int]:
    values = [_ROMAN_DIGITS[letter] for letter in numeral]
    for value, following in zip(values, [*values[1:], 0], strict=True):
        yield -value if value < following else value
