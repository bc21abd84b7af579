"""The words with which a language says what is written in digits, signs and abbreviations.

Names of units, currencies, months and emoji and the numerals come from the CLDR (``babel``, ``emoji``,
``unicode_rbnf``). A ``Lexicon`` holds what it lacks. For a language without one, signs and abbreviations are
left to the voice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Say = Callable[[int], str]
"""Words of a number."""


@dataclass(frozen=True, slots=True)
class CurrencyWords:
    """Names of a currency and of its hundredth part."""

    one: str
    many: str
    cent: str = ""
    cents: str = ""
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Numerals:
    """How one language says a number."""

    cardinal: Say
    """As one counts: "two", "dois"."""
    feminine: Say
    """Before a feminine noun: "duas"."""
    ordinal: Say


def digits_of_time(hours: int, minutes: int, seconds: int, say: Numerals) -> str:
    """The numbers of a time of day alone, for a language whose way to tell the time is not known."""
    shown = (hours, minutes, seconds) if seconds else (hours, minutes)
    return ", ".join(map(say.cardinal, shown))


def cardinal_of_roman(value: int, before: str, say: Numerals) -> str:
    """A Roman numeral as a cardinal number, whatever the word before it."""
    return say.cardinal(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Words of one language; "" and empty tables leave the text to the voice."""

    decimal: str = ""
    """Between the whole part of a number and its decimals."""
    joins_decimals: bool = True
    """Whether two decimals are said as one number; otherwise digit by digit."""
    minus: str = ""
    signs: Mapping[str, str] = field(default_factory=dict)
    """Sign between numbers or single letters -> its word."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Symbol between words -> its word."""
    range_to: str = ""
    """Between the ends of a range."""
    address: Mapping[str, str] = field(default_factory=dict)
    """Character of an e-mail address, a URL or a path -> its word."""
    number_sign: str = ""
    """"No.", "nº" and "#" before a number."""
    scales: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Suffix or word of a large amount -> the word for one and for more."""
    scale_link: str = ""
    """Between such a word and the name of a currency."""
    elides: bool = False
    """Whether the vowel of this word is left out before a vowel."""
    cents_link: str = ""
    """Between the units of a currency and its hundredths."""
    currencies: Mapping[str, CurrencyWords] = field(default_factory=dict)
    """ISO 4217 code -> names; other currencies have their name in the CLDR."""
    per: str = ""
    """Between an amount and the unit after a slash: "three euros per kilogram"."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Symbol that only this language has -> unit of the CLDR."""
    fractions: Mapping[str, str] = field(default_factory=dict)
    """Fraction such as "1/2" -> its words."""
    fraction_link: str = ""
    """Between a whole number and a fraction."""
    feminine_nouns: frozenset[str] = frozenset()
    """Names of units that are feminine, by their first word."""
    feminine_noun: str = ""
    """Pattern of other plural nouns that are mostly feminine."""
    ordinal: str = ""
    """Pattern of a written ordinal number: group 1 is the number, group 2 is there if it is feminine."""
    day_is_ordinal: bool = False
    """Whether the day of a month is an ordinal number."""
    first_day: str = ""
    """The first day of a month, where it alone is an ordinal number."""
    time: Callable[[int, int, int, Numerals], str] = digits_of_time
    """Words of a time of day: hours, minutes, seconds."""
    roman: Callable[[int, str, Numerals], str] = cardinal_of_roman
    """Words of a Roman numeral: its value and the word before it."""
    roman_after: str = ""
    """Pattern of the words after which a single letter is a Roman numeral too."""
    roman_before: str = ""
    """Pattern of the nouns before which a Roman numeral is an ordinal number; feminine in group 1."""
    roman_suffix: str = ""
    """Pattern of the letters that make a Roman numeral an ordinal number; group 1 has the feminine ones."""
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """Pattern of an abbreviation -> its words."""
