"""The lexicons, one module for each language."""

from collections.abc import Mapping
from types import MappingProxyType

from sokuji.text.spoken.lexicon import Lexicon
from sokuji.text.spoken.lexicons import en, es, fr, hi, it, ja, pt

LEXICONS: Mapping[str, Lexicon] = MappingProxyType(
    {
        "en": en.LEXICON,
        "es": es.LEXICON,
        "fr": fr.LEXICON,
        "hi": hi.LEXICON,
        "it": it.LEXICON,
        "ja": ja.LEXICON,
        "pt": pt.LEXICON,
    }
)
"""Canonical code -> lexicon."""
