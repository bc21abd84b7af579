"""The scripts in which languages are written, and whether a text is in that of its language. Pure."""

import unicodedata
from functools import lru_cache

from sokuji.languages.table import TABLE

_UNICODE_NAMES = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL", "CJK"),
    "Hans": ("CJK", "BOPOMOFO"),
    "Hant": ("CJK", "BOPOMOFO"),
    "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "CJK"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Laoo": ("LAO",),
    "Latn": ("LATIN",),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Tfng": ("TIFINAGH",),
    "Thai": ("THAI",),
    "Tibt": ("TIBETAN",),
}
"""ISO 15924 code -> the first word of the names of its letters in Unicode."""
_EXCEPTIONS = {"sr": ("CYRILLIC", "LATIN"), "uz": ("LATIN", "CYRILLIC"), "sat": ("OL",)}
"""Languages that are commonly written in two scripts, and Santali, whose code in FLORES-200 names the Bengali
script although its texts are in Ol Chiki."""


def _names(nllb: str | None) -> tuple[str, ...]:
    # FLORES-200 codes end in the script; the languages that Whisper alone knows are written in Latin letters.
    return _UNICODE_NAMES[nllb.partition("_")[2]] if nllb else _UNICODE_NAMES["Latn"]


_SCRIPTS = {language.code: frozenset(_names(language.nllb)) for language in TABLE} | {
    code: frozenset(names) for code, names in _EXCEPTIONS.items()
}


def own_letters(text: str, language: str) -> float | None:
    """The share of the letters of ``text`` that belong to a script of ``language``; None: it has no letters.

    Args:
        text: any text; digits, punctuation and symbols belong to no script.
        language: canonical code.
    """
    letters = [character for character in text if is_letter(character)]
    if not letters:
        return None
    return sum(is_own(character, language) for character in letters) / len(letters)


def is_letter(character: str) -> bool:
    """Whether a character is a letter, or a vowel sign or another mark on one."""
    return unicodedata.category(character)[0] in "LM"


def is_own(letter: str, language: str) -> bool:
    """Whether a letter belongs to a script of ``language``, or to no script, as combining accents do."""
    script = script_of(letter)
    return script in scripts_of(language) or script in ("COMBINING", "FULLWIDTH", "MODIFIER")


@lru_cache(maxsize=4_096)
def script_of(letter: str) -> str:
    """The script of a letter, as the first word of its name in Unicode; "" for a letter without a name.

    The name is "DEVANAGARI LETTER A", "CJK UNIFIED IDEOGRAPH-4E00", "COMBINING ACUTE ACCENT".
    """
    return unicodedata.name(letter, "").partition(" ")[0]


def scripts_of(language: str) -> frozenset[str]:
    """The scripts in which a language is written, a canonical code; as ``script_of`` names them."""
    return _SCRIPTS[language]
