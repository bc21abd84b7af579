"""Written numbers to words: separators of the language, decimals, ordinal numbers, strings of digits."""

import re
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from unicode_rbnf import FormatPurpose, RbnfEngine
from unicode_rbnf.engine import NoRuleForNumberError

from sokuji.text.locales import babel_locale
from sokuji.text.spoken.lexicon import Lexicon, Numerals
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
_LONGEST_NUMBER = 24
"""Longer ones are said digit by digit: no language has words for them, and ``Decimal`` rounds above 28."""
_DIGIT_GROUP = 3
_SPACES = re.compile("[ \u00a0\u202f'’]")
_DIGITS_ARE_READ = frozenset(("ja", "ko", "yue", "zh"))
"""Languages whose voices read digits at least as well as numerals."""
_SOFT_HYPHEN = "\u00ad"
"""The CLDR has it between the parts of long numerals."""
_CARDINALS = ("spellout-numbering", "spellout-cardinal")
_MASCULINE = ("spellout-cardinal-masculine", *_CARDINALS)
_FEMININE = ("spellout-cardinal-feminine", *_CARDINALS)
_ORDINALS = ("spellout-ordinal-masculine", "spellout-ordinal")
_ORDINALS_BEFORE_NOUN = ("spellout-ordinal-masculine-adjective", *_ORDINALS)
_FEMININE_ORDINALS = ("spellout-ordinal-feminine", *_ORDINALS)
"""Rule sets of the CLDR, the preferred one first; not every language has each."""
_FALLBACK = "en"
"""The language of the units, currencies and months of languages that Babel does not know."""


class NumberReader:
    """Reads the numbers of one language.

    Args:
        language: canonical code.
    """

    def __init__(self, language: str) -> None:
        self.lexicon: Lexicon = LEXICONS.get(language, Lexicon())
        self.locale = babel_locale(language) or Locale.parse(_FALLBACK)
        has_numerals = language in RbnfEngine.get_supported_languages() and language not in _DIGITS_ARE_READ
        self._engine = RbnfEngine.for_language(language) if has_numerals else None
        self._decimal: str = self.locale.number_symbols["latn"]["decimal"]
        self.say = Numerals(
            cardinal=lambda value: self._spelled(value, FormatPurpose.CARDINAL, _CARDINALS),
            feminine=lambda value: self._spelled(value, FormatPurpose.CARDINAL, _FEMININE),
            ordinal=self.ordinal,
        )
        # A text may have thousands of digits, and the rules take 30 us for each.
        self._digit = lru_cache(self.say.cardinal)

    @property
    def spells_numbers(self) -> bool:
        """Whether its numbers become words; otherwise they stay digits, without separators of groups."""
        return self._engine is not None

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
        if compact.isdecimal() and (
            len(written) > LONGEST_CARDINAL or (compact[0] == "0" and len(compact) > 1)
        ):
            return self.digits(compact)
        value = self.parse(written)
        return None if value is None else self.value(value, feminine=feminine, noun=noun)

    def value(self, value: Decimal, *, feminine: bool = False, noun: bool = False) -> str:
        """A number that is not negative in words."""
        whole, _, decimals = f"{value:f}".partition(".")
        if not decimals:
            rules = _FEMININE if feminine else _MASCULINE if noun else _CARDINALS
            return self._spelled(int(whole), FormatPurpose.CARDINAL, rules)
        if not self.lexicon.decimal:
            spelled = self._spelled(value, FormatPurpose.CARDINAL, _CARDINALS)
            return spelled.replace(".", self._decimal)
        words = self.say.feminine(int(whole)) if feminine else self.say.cardinal(int(whole))
        return f"{words} {self.lexicon.decimal} {self._decimals(decimals)}"

    def signed(self, words: str, minus: str | None) -> str:
        """The words of an amount with the sign that was before it."""
        return f"{self.lexicon.minus or minus} {words}" if minus else words

    def digits(self, digits: str) -> str:
        """A string of digits, said one by one."""
        groups = [digits[at : at + _DIGIT_GROUP] for at in range(0, len(digits), _DIGIT_GROUP)]
        if len(groups) > 1 and len(groups[-1]) == 1:
            groups[-2:] = [groups[-2] + groups[-1]]
        return ", ".join(" ".join(self._digit(int(digit)) for digit in group) for group in groups)

    def ordinal(self, value: int, *, feminine: bool = False, noun: bool = False) -> str:
        """An ordinal number in words; the arguments are as in ``words``."""
        rules = _FEMININE_ORDINALS if feminine else _ORDINALS_BEFORE_NOUN if noun else _ORDINALS
        return self._spelled(value, FormatPurpose.ORDINAL, rules)

    def year(self, value: int) -> str:
        """A year in words."""
        return self._spelled(value, FormatPurpose.YEAR, ("spellout-numbering-year", *_CARDINALS))

    def _decimals(self, decimals: str) -> str:
        zeros = len(decimals) - len(decimals.lstrip("0"))
        if self.lexicon.joins_decimals and len(decimals) == 2 and zeros < 2:
            rest = self.say.cardinal(int(decimals))
            return " ".join([*[self.say.cardinal(0)] * zeros, rest])
        return " ".join(self._digit(int(digit)) for digit in decimals)

    def _spelled(self, value: int | Decimal, purpose: FormatPurpose, rules: tuple[str, ...]) -> str:
        """A number by the first of ``rules`` that the language has; in digits if it has no words for it."""
        if self._engine is None:
            return str(value)
        try:
            texts = self._engine.format_number(value, purpose).text_by_ruleset
        except NoRuleForNumberError:
            return str(value)
        words = next((texts[rule] for rule in rules if rule in texts), str(value))
        return words.replace(_SOFT_HYPHEN, "")


@lru_cache
def reader(language: str) -> NumberReader:
    """The reader of a language."""
    return NumberReader(language)
