"""The first letter of a text that continues a sentence. Pure.

Translators take a clause for a sentence and begin it with a capital. Within a sentence it is lower case,
unless the language writes the word with a capital everywhere.
"""

import re
from functools import lru_cache

from sokuji.text.locales import babel_locale
from sokuji.text.punctuation import CLOSING, SENTENCE_MARKS, UNSPACED_SENTENCE_MARKS

_SENTENCE_END = re.compile(rf"[{SENTENCE_MARKS}{UNSPACED_SENTENCE_MARKS}]{CLOSING}\s*$")
_FIRST_WORD = re.compile(r"^[\W\d_]*(?P<letter>[^\W\d_])(?P<rest>[^\W\d_]*)")
_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))


def ends_sentence(text: str) -> bool:
    """Whether a text ends with a mark that ends a sentence."""
    return _SENTENCE_END.search(text) is not None


def continued(translation: str, source: str, language: str) -> str:
    """The translation of a clause that continues a sentence, begun in lower case where that is right.

    Args:
        translation: of the clause.
        source: the clause; the capital is kept if it begins with one too, as names do.
        language: canonical code of the translation.
    """
    word, original = _FIRST_WORD.match(translation), _FIRST_WORD.match(source)
    if word is None or original is None or not original["letter"].islower():
        return translation
    written = word["letter"] + word["rest"]
    if not written.istitle() or language in _NOUNS_HAVE_CAPITALS or written in _capitalised(language):
        return translation
    at = word.start("letter")
    return translation[:at] + word["letter"].lower() + translation[at + 1 :]


@lru_cache
def _capitalised(language: str) -> frozenset[str]:
    """Words that a language writes with a capital everywhere: in English "I", days, months and languages."""
    if (locale := babel_locale(language)) is None:
        return frozenset()
    names = [
        *locale.days["format"]["wide"].values(),
        *locale.months["format"]["wide"].values(),
        *locale.languages.values(),
    ]
    return frozenset(("I", *(name for name in names if name[:1].isupper())))
