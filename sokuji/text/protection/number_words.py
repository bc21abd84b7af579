"""Words that a translation may write in digits: "twenty", "half", "January", "XXI". Pure."""

import re
from functools import cache

from sokuji.text.locales import babel_locale

_WORDS = {
    "en": r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teens?|\w+ty|\w+ties"
    r"|hundreds?|thousands?|[mbt]r?illions?|half|quarter|dozens?|first|second|third|\w+th|once|twice"
    r"|noon|midnight|both|couple|single|double|triple",
    "pt": r"zero|uma?|dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|(?:c|qu)atorze"
    r"|quinze|deze\w+|dezoito|vinte|\w+enta|trinta|cem|cento|\w+ent[oa]s|mil|[mb]ilh\w+|meia|meio|quarto"
    r"|dúzias?|primeir\w+|segund\w+|terceir\w+|qu[ai]nt\w+|sext\w+|sétim\w+|oitav\w+|non[oa]|décim\w+"
    r"|ambos|ambas|dupl\w+",
    "es": r"cero|una?|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince"
    r"|dieci\w+|veint\w+|\w+enta|ciento?|cien|\w+ient[oa]s|mil|mill\w+|media|medio|cuarto|docenas?|primer\w*"
    r"|segund\w+|tercer\w*|cuart\w+|quint\w+|sext\w+|séptim\w+|octav\w+|noven\w+|décim\w+|ambos|ambas"
    r"|mediodía|medianoche|doble",
    "fr": r"zéro|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    r"|vingts?|\w+ante|cents?|mille|mill\w+|demie?|quart|douzaine|premi\w+|second\w*|\w+ième|midi|minuit"
    r"|double",
    "it": r"zero|un[oa]?|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|\w+dici|dici\w+"
    r"|vent\w+|trent\w+|\w+anta\w*|\w*cento|mille|\w*mila|mili\w+|mezz[oa]|quarto|dozzina|prim[oaie]"
    r"|second\w+|terz\w+|quart\w+|quint\w+|sest\w+|settim\w+|ottav\w+|non[oa]|decim\w+|mezzogiorno"
    r"|mezzanotte|entramb\w+",
}
"""Language -> pattern of its number words and ordinal numbers."""
_ROMAN = re.compile(r"\b(?:[IVXLCDM]{2,}|[VX])\b")


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = _WORDS.get(language)
    locale = babel_locale(language)
    if words is None or locale is None:
        return None
    months = "|".join(map(re.escape, locale.months["format"]["wide"].values()))
    return re.compile(rf"\b(?:{words}|{months})\b", re.IGNORECASE)


def may_become_digits(text: str, language: str) -> bool:
    """Whether a translation of a text without digits may have digits; True for languages without a table."""
    pattern = _pattern(language)
    return pattern is None or bool(pattern.search(text) or _ROMAN.search(text))
