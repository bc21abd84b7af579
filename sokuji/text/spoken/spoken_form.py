"""Text as it is spoken: numbers, dates, money, measures, abbreviations, addresses and markup in words. Pure.

A voice reads letters. What else a text contains is turned into words of its language here, before it reaches
a voice, so that all voices say the same. Every rule takes time linear in the length of the text.
"""

import re
from functools import lru_cache

from sokuji.languages import LANGUAGES
from sokuji.text.spoken import addresses, calendar, measures, money, notation
from sokuji.text.spoken.markup import composed, without_markup
from sokuji.text.spoken.numerals import reader
from sokuji.text.spoken.rule import Rule

_SPACES = re.compile(" {2,}")
_UNSPACED_LANGUAGES = frozenset(("ja", "zh", "yue"))
_WIDE = "[\u3001-\u30ff\u3400-\u9fff]"
_BESIDE_WIDE = re.compile(rf"(?<={_WIDE})(?=[!-~°-ÿ‰€-₿℃℉−])|(?<=[!-~°-ÿ‰€-₿℃℉−])(?={_WIDE})")
_SPACE_BESIDE_WIDE = re.compile(rf"(?<={_WIDE}) +| +(?={_WIDE})")


def spoken_form(text: str, language: str) -> str:
    """``text`` with everything that is not a word turned into words.

    Args:
        text: any text.
        language: canonical code of its language; for one without a lexicon, signs and abbreviations stay.
    """
    language = LANGUAGES[language].spoken
    text = without_markup(composed(text), language)
    unspaced = language in _UNSPACED_LANGUAGES
    if unspaced:
        # The rules find the bounds of numbers and words by the spaces and punctuation around them.
        text = _BESIDE_WIDE.sub(" ", text)
    for pattern, replacement in _rules(language):
        text = pattern.sub(replacement, text)
    text = _SPACES.sub(" ", text).strip()
    return _SPACE_BESIDE_WIDE.sub("", text) if unspaced else text


@lru_cache
def _rules(language: str) -> tuple[Rule, ...]:
    numbers = reader(language)
    return (
        *addresses.rules(numbers),
        *calendar.rules(numbers),
        *notation.rules(numbers),
        *money.rules(numbers),
        *measures.rules(numbers),
        *notation.closing_rules(numbers),
    )
