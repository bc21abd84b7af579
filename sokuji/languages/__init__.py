"""Languages: parses BCP-47 tags, and maps canonical codes to the codes of models and services.

The canonical code is the shortest BCP-47 tag that identifies a language, with CLDR's legacy aliases resolved:
"pt", "yue", "arz". It has no region, since no model here distinguishes regions. It has a script if a model
writes the language in two scripts and this is not the usual one: "zh-Hant".
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sokuji.errors import UnsupportedLanguage
from sokuji.languages.table import TABLE, Language

__all__ = [
    "AUTO",
    "LANGUAGES",
    "MAX_TAG_LENGTH",
    "Language",
    "parse",
    "parse_source",
    "parse_sources",
]

AUTO = "auto"
"""The source language that a client names to have it detected."""

MAX_TAG_LENGTH = 35
"""Longer tags are refused; RFC 5646, section 4.4.1, asks for at least 35 characters."""

LANGUAGES: Mapping[str, Language] = MappingProxyType({language.code: language for language in TABLE})
"""Canonical code -> language."""

_ALIASES = {
    "arb": "ar",
    "ayr": "ay",
    "cmn": "zh",
    "dik": "din",
    "fil": "tl",
    "gaz": "om",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "kmr": "ku",
    "knc": "kr",
    "mo": "ro",
    "nb": "no",
    "ory": "or",
    "twi": "tw",
}
"""Other primary subtags of languages in the table. Whisper's Norwegian (``no``) is Bokmål."""

_TRADITIONAL_CHINESE = re.compile(r"zh(?!.*-hans).*-(?:tw|hk|mo)(?:-.*)?")
"""Tags without a script whose region implies Traditional Chinese (CLDR, likely subtags)."""

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")
_EXTENDED = re.compile(r"[a-z]{3}")
_MIN_CHINESE = re.compile(r"zh-min\b")
"""An irregular tag (RFC 5646, section 2.2.8), in which "min" is not Minangkabau."""
_SCRIPT = re.compile(r"-([a-z]{4})(?:-|$)")


def parse(tag: str, param: str) -> str:
    """The canonical code of a BCP-47 tag in any case, with ``-`` or ``_``: "PT_br" -> "pt", "zh-tw" ->
    "zh-Hant".

    Args:
        tag: what the client sent.
        param: the field it came in, for the error.

    Raises:
        UnsupportedLanguage: no such language; the message lists the accepted codes.
    """
    return _resolve(tag, param, tuple(LANGUAGES))


def parse_source(tag: str, param: str = "source_language") -> str | None:
    """Like ``parse`` for spoken language, which has no script; None for "auto": detect the language.

    Raises:
        UnsupportedLanguage: neither "auto" nor a language of the table.
    """
    if tag.lower() == AUTO:
        return None
    return LANGUAGES[_resolve(tag, param, (AUTO, *LANGUAGES))].spoken


def parse_sources(tags: Iterable[str], param: str = "source_languages") -> tuple[str, ...]:
    """The canonical codes of several spoken languages, each once, in their order.

    Raises:
        UnsupportedLanguage: one of them is no language of the table; "auto" is none.
    """
    return tuple(dict.fromkeys(LANGUAGES[parse(tag.strip(), param)].spoken for tag in tags))


def _resolve(tag: str, param: str, accepted: tuple[str, ...]) -> str:
    # lower() maps some characters outside ASCII into ASCII, such as the Kelvin sign to k.
    folded = tag.lower().replace("_", "-") if len(tag) <= MAX_TAG_LENGTH and tag.isascii() else ""
    code = _primary(folded)
    code = _ALIASES.get(code, code)
    if code not in LANGUAGES:
        shown = tag if len(tag) <= MAX_TAG_LENGTH else tag[:MAX_TAG_LENGTH] + "..."
        raise UnsupportedLanguage(
            f"{param} {shown!r} is not a known language; accepted: {', '.join(accepted)}", param=param
        )
    written = f"{code}-{_script(code, folded)}"
    return written if written in LANGUAGES else code


def _primary(folded: str) -> str:
    """The subtag of the language, or "" if the tag is not well-formed."""
    if not _TAG.fullmatch(folded) or _MIN_CHINESE.match(folded):
        return ""
    primary, *rest = folded.split("-")
    # RFC 5646, section 4.5: an extended language subtag stands for itself (zh-yue is yue).
    return rest[0] if rest and _EXTENDED.fullmatch(rest[0]) else primary


def _script(code: str, folded: str) -> str:
    """The script that a tag names or implies, or "" if none."""
    if _TRADITIONAL_CHINESE.fullmatch(f"{code}-{folded}"):
        return "Hant"
    match = _SCRIPT.search(folded)
    return match[1].title() if match else ""
