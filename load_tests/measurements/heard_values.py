"""Whether a recogniser hears the values that were written, in whatever way it writes them down.

Both texts are brought into their spoken form. Their numerals must be the same, in order; other words may
differ where the recogniser mishears them, up to ``MOST_WORD_ERRORS``.
"""

import re
from functools import lru_cache

from load_tests.measurements.word_errors import count_errors
from sokuji.text.spoken.numerals import reader
from sokuji.text.spoken.spoken_form import spoken_form

MOST_WORD_ERRORS = 0.4
"""Of the words of the sentence: its noun may be misheard, its value may not."""
_JOINERS = {"en": "and", "es": "y", "fr": "et", "it": "e", "pt": "e"}
_SAME = {"en": {"oh": "zero", "o": "zero"}, "it": {"tré": "tre"}, "pt": {"quatorze": "catorze"}}
_COUNTED = (*range(101), *range(200, 1_001, 100), 2_000, 1_000_000, 2_000_000)
_ORDINALS = range(1, 40)
_ELIDED = {"it": ("vent", "trent", "quarant", "cinquant", "sessant", "settant", "ottant", "novant", "cent")}


def hears_value(written: str, heard: str, language: str) -> bool:
    """Whether ``heard`` has the numbers and most of the words of ``written``."""
    expected, found = _words(written, language), _words(heard, language)
    if _digits(written) and _digits(written) == _digits(heard):
        expected, found = _others(expected, language), _others(found, language)
    elif _numerals(expected, language) != _numerals(found, language):
        return False
    return count_errors(" ".join(expected), " ".join(found), language).rate <= MOST_WORD_ERRORS


def _words(text: str, language: str) -> list[str]:
    words = re.findall(r"[^\W\d_]+", spoken_form(text, language).lower())
    same = _SAME.get(language, {})
    return [same.get(word, word) for word in words if word != _JOINERS.get(language)]


def _digits(text: str) -> str:
    return "".join(re.findall(r"\d", text))


def _numerals(words: list[str], language: str) -> list[str]:
    return [word for word in words if _numeral(language).fullmatch(word)]


def _others(words: list[str], language: str) -> list[str]:
    return [word for word in words if not _numeral(language).fullmatch(word)]


@lru_cache
def _numeral(language: str) -> re.Pattern[str]:
    """A word that is a numeral, or is put together of numerals as in Italian."""
    numbers = reader(language)
    phrases = [
        *(numbers.say.cardinal(value) for value in _COUNTED),
        *(numbers.say.feminine(value) for value in _COUNTED),
        *(numbers.ordinal(value, feminine=feminine) for value in _ORDINALS for feminine in (False, True)),
    ]
    parts = {part for phrase in phrases for part in re.findall(r"[^\W\d_]+", phrase)} - set(_JOINERS.values())
    parts |= set(_ELIDED.get(language, ()))
    return re.compile(f"(?:{'|'.join(sorted(parts, key=len, reverse=True))})+")
