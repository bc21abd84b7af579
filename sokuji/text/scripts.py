"""Which scripts a text is written in, and which of them a language reads. Pure.

The script of a letter is the first word of its Unicode name; the scripts of a language are those of its
likely subtags in the CLDR. Every language reads Latin letters, which are in use everywhere.
"""

import unicodedata
from collections import Counter
from functools import lru_cache

from anyascii import anyascii
from babel.core import get_global

_LATIN = "LATIN"
_HAN = "CJK"
_NAMES = {
    "Arab": ("ARABIC",), "Armn": ("ARMENIAN",), "Beng": ("BENGALI",), "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",), "Ethi": ("ETHIOPIC",), "Geor": ("GEORGIAN",), "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",), "Guru": ("GURMUKHI",), "Hans": (_HAN, "BOPOMOFO"), "Hant": (_HAN, "BOPOMOFO"),
    "Hebr": ("HEBREW",), "Jpan": (_HAN, "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH"),
    "Khmr": ("KHMER",), "Knda": ("KANNADA",), "Kore": ("HANGUL", _HAN), "Laoo": ("LAO",),
    "Mlym": ("MALAYALAM",), "Mymr": ("MYANMAR",), "Orya": ("ORIYA",), "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",), "Telu": ("TELUGU",), "Thai": ("THAI",), "Tibt": ("TIBETAN",),
}  # fmt: skip
"""ISO 15924 code -> first words of the names of its letters."""
_JAPANESE = "ja"
_JAPANESE_CHARACTERS = "shift_jis"


def reads(language: str, text: str) -> bool:
    """Whether a language has the script of at least half of the letters of ``text``."""
    unread = sum(count for script, count in _scripts(text).items() if script not in _scripts_of(language))
    return 2 * unread <= sum(_scripts(text).values()) and not _is_chinese_for(language, text)


def romanised(text: str, language: str) -> str:
    """``text`` with foreign names and words, whose script the language does not have, in Latin letters."""
    known = _scripts_of(language)
    if not any(script not in known for script in _scripts(text)):
        return text
    return "".join(each if _script(each) in known else anyascii(each) for each in text)


def names_of_scripts(text: str) -> str:
    """The scripts of ``text`` for a message, the most frequent first: "Hiragana, Han"."""
    shown = ["Han" if script == _HAN else script.title() for script, _ in _scripts(text).most_common()]
    return ", ".join(shown)


def _scripts(text: str) -> Counter[str]:
    return Counter(script for each in text if (script := _script(each)))


def _is_chinese_for(language: str, text: str) -> bool:
    """Whether a Japanese voice would meet Chinese characters that Japanese does not have."""
    if language != _JAPANESE or set(_scripts(text)) != {_HAN}:
        return False
    han = "".join(each for each in text if _script(each))
    return len(han.encode(_JAPANESE_CHARACTERS, errors="ignore")) < 2 * len(han)


@lru_cache(maxsize=4_096)
def _script(character: str) -> str:
    """The script of a letter; "" for everything else."""
    if character.isascii():
        return _LATIN if character.isalpha() else ""
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "").partition(" ")[0]


@lru_cache
def _scripts_of(language: str) -> frozenset[str]:
    likely: str = get_global("likely_subtags").get(language.partition("-")[0], "")
    script = next((part for part in likely.split("_") if part in _NAMES), "")
    return frozenset({"", _LATIN, "MODIFIER", "FEMININE", "MASCULINE", "MICRO", *_NAMES.get(script, ())})
