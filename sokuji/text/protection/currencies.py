"""Currency signs, codes and names; the names in each language are CLDR's, by way of Babel. Pure."""

import re
from functools import cache

from babel import Locale
from babel.numbers import get_currency_name, get_currency_symbol

from sokuji.text.currency_codes import CURRENCY_CODES
from sokuji.text.locales import babel_locale
from sokuji.text.punctuation import is_spaceless

SIGN_CHARACTERS = "$¢-¥֏؋৲৳૱௹฿៛₠-₿﷼﹩＄￠￡￥￦"
SIGN = rf"(?:[A-Z]{{1,3}})?[{SIGN_CHARACTERS}]"
"""A currency sign, with the letters before it: "$", "US$", "R$"."""

CODE = rf"(?:{'|'.join(CURRENCY_CODES)})"
"""An ISO 4217 code."""
_DOLLAR = "$"
_NOUN_FIRST = frozenset({"pt", "es", "fr", "it", "ca", "gl", "ro", "ar", "he", "vi", "id", "ms"})
"""Languages in which the noun comes first in "US dollars"; elsewhere it comes last."""


def identities(sign: str) -> frozenset[str]:
    """What a sign or a code may mean: "US$" is also a "$", "EUR" also "€"."""
    meanings = {sign}
    if sign in CURRENCY_CODES:
        meanings.add(get_currency_symbol(sign, "en"))
    if sign in ("US$", "USD"):
        meanings |= {"US$", _DOLLAR}
    return frozenset(meanings)


@cache
def names(language: str) -> dict[str, str]:
    """Name of a currency in a language, in lower case and without its country -> its sign or code."""
    if (locale := babel_locale(language)) is None:
        return {}
    found: dict[str, str] = {}
    for code in CURRENCY_CODES:
        sign = get_currency_symbol(code, "en")
        for count in (1, 2, 5):
            name = _noun(get_currency_name(code, count, locale), locale)
            found.setdefault(name, _DOLLAR if sign.endswith(_DOLLAR) and sign != "R$" else sign)
    return found


def _noun(name: str, locale: Locale) -> str:
    words = re.split(r"[\s-]", name.casefold())
    return words[0] if locale.language in _NOUN_FIRST else words[-1]


_WORDS_AFTER = re.compile(r"(?:[\s-]+[^\W\d]+){1,3}")


def named_after(text: str, end: int, language: str) -> str | None:
    """The currency named within three words after ``text[:end]``: that of "5 million dollars", "5円"."""
    known = names(language)
    for name, sign in known.items():
        if is_spaceless(name[:1]) and text.startswith(name, end):
            return sign
    if match := _WORDS_AFTER.match(text, end):
        for word in re.split(r"[\s-]+", match[0].casefold()):
            if word in known:
                return known[word]
    return None
