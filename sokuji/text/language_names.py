"""Languages that a text names: by name in 24 languages (CLDR), or by BCP-47 code.

"Translate from Spanish into English" names two. The one that is asked for is found by the words around it:
"into English" before "in English", before a name alone, before "from Spanish".
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from babel import Locale

from sokuji import languages
from sokuji.errors import UnsupportedLanguage

MAX_CHARS = 8_000
_WRITTEN_IN = (
    "en", "es", "fr", "de", "pt", "it", "nl", "pl", "sv", "da", "cs", "ro", "hu", "fi", "el", "uk",
    "ru", "tr", "ar", "he", "fa", "hi", "bn", "id", "vi", "th", "ko", "ja", "zh", "zh_Hant",
)  # fmt: skip
"""Locales whose names of languages are known."""
_ENDINGS = {"de": ("", "e", "en"), "tr": ("", "ye", "ya", "den", "dan")}
"""Endings that a name takes in a sentence."""
_ALSO = {"lao": "lo", "mandarin": "zh", "farsi": "fa", "castellano": "es", "flemish": "nl", "brazilian": "pt"}
_MIN_CHARS = 4
"""Shorter names in alphabets are taken for words of other languages."""
_NO_NAMES = frozenset({"lets"})
"""Names that are common words of English."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which the next word, or a particle, may follow without a space."""

_WORD = re.compile(r"\w+")
_MAX_WORDS = 6
"""Words of a name; signs that Python does not count to words divide them."""
_TAG = re.compile(r"(?<![\w-])[A-Za-z]{2,3}(?:[-_](?:[A-Z][a-z]{3}|[A-Z]{2}|\d{3}))+(?![\w-])")
"""A code with a script or region, in the usual case: "no-one" is none."""
_QUOTED = re.compile(r"""["'`(\[]([A-Za-z]{2,3}(?:[-_]\w{2,8})*)["'`)\]]""")
_LABELLED = re.compile(
    r"(?:lang(?:uage)?|target|idioma|langue|sprache|lingua|locale)\w*\s*[:=]\s*([A-Za-z]{2,3}(?:[-_]\w{2,8})*)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\s*([A-Za-z]{2,3}(?:[-_]\w{2,8})*)\s*")
_WORDS = frozenset(["am", "as", "be", "ha", "he", "hi", "id", "is", "it", "lo", "my", "no", "or", "so", "to"])
"""Codes that are words in English: quotes around them do not make them a language."""

_BEFORE_TARGET = re.compile(
    r"(?:\b(?:in)?to|[-=]>|→|\bins|\bnach|\bal|\bpara(?: el| o)?|\bao|\bvers(?: le?)?|\bverso"
    r"|(?<!\w)на|[译譯]成|[译譯][为為]|[译譯]到)\s*(?:the |l['’])?$",
    re.IGNORECASE,
)
_AFTER_TARGET = re.compile(r"\s*(?:に|へ|로|으로)")
_BEFORE_WEAK = re.compile(
    r"(?:\b(?:in|en|em|auf|na)|[用说說讲講])\s*(?:the |l['’])?$",
    re.IGNORECASE,
)
_AFTER_WEAK = re.compile(r"\s*で")
_BEFORE_SOURCE = re.compile(
    r"(?:\b(?:from|von|aus(?: dem)?|desde(?: el)?|del?|du|do|da|dal?)|(?<!\w)(?:из|с)|[从從把将將])"
    r"\s*(?:the |l['’])?$",
    re.IGNORECASE,
)
_AFTER_SOURCE = re.compile(r"\s*(?:から|を|에서|[-–]\s?to[-–]|\s*(?:[-=]>|→))", re.IGNORECASE)
_REACH = 16
"""Characters before a name that may belong to it."""


class _Mention(NamedTuple):
    start: int
    end: int
    code: str


@lru_cache(maxsize=64)
def asked_for(text: str) -> str | None:
    """The canonical code of the language that a text asks for; None: it names none.

    Only its first ``MAX_CHARS`` characters are searched.

    Blocks for seconds at the first call, which reads the names: call it in a thread once.
    """
    text = text[:MAX_CHARS]
    mentions = sorted({*_by_name(text), *_by_code(text)})
    ranked = [(_rank(text, mention), mention.start, mention.code) for mention in mentions]
    return min(ranked)[2] if ranked else None


def _rank(text: str, mention: _Mention) -> int:
    before, after = text[max(0, mention.start - _REACH) : mention.start], text[mention.end :]
    if _AFTER_SOURCE.match(after) or _BEFORE_SOURCE.search(before):
        return 3
    if _BEFORE_TARGET.search(before) or _AFTER_TARGET.match(after):
        return 0
    return 1 if _BEFORE_WEAK.search(before) or _AFTER_WEAK.match(after) else 2


def _by_name(text: str) -> Iterator[_Mention]:
    folded = _folded(text)
    for match in _unspaced_pattern().finditer(folded):
        yield _Mention(match.start(), match.end(), names()[match.group()])
    words = list(_WORD.finditer(folded))
    at = 0
    while at < len(words):
        for count in range(_MAX_WORDS, 0, -1):
            code = _spaced_names().get(tuple(word.group() for word in words[at : at + count]))
            if code is not None and at + count <= len(words):
                yield _Mention(words[at].start(), words[at + count - 1].end(), code)
                at += count - 1
                break
        at += 1


def _by_code(text: str) -> Iterator[_Mention]:
    found = [(match, 0) for match in _TAG.finditer(text)]
    found += [(match, 1) for match in _QUOTED.finditer(text) if match[1].lower() not in _WORDS]
    found += [(match, 1) for match in _LABELLED.finditer(text)]
    if alone := _ALONE.fullmatch(text):
        found.append((alone, 1))
    for match, group in found:
        try:
            code = languages.parse(match[group], "text")
        except UnsupportedLanguage:
            continue
        yield _Mention(match.start(group), match.end(group), code)


@cache
def _unspaced_pattern() -> re.Pattern[str]:
    unspaced = [name for name in names() if _UNSPACED.search(name)]
    return re.compile("|".join(re.escape(name) for name in sorted(unspaced, key=len, reverse=True)))


@cache
def _spaced_names() -> dict[tuple[str, ...], str]:
    """Words of a name -> canonical code."""
    return {tuple(_WORD.findall(name)): code for name, code in names().items() if not _UNSPACED.search(name)}


def code_of(name: str) -> str | None:
    """The canonical code of the language that has this name, in English or another language; None: none.

    Blocks for seconds at the first call for a name that is not English.
    """
    folded = _folded(name.strip())
    return english_names().get(folded) or names().get(folded)


@cache
def english_names() -> Mapping[str, str]:
    """English name in lower case -> canonical code."""
    return MappingProxyType({_folded(each.name): code for code, each in languages.LANGUAGES.items()})


@cache
def names() -> Mapping[str, str]:
    """Name in lower case -> canonical code; names that are common words of another language are left out.

    Blocks for seconds at the first call.
    """
    found: dict[str, str] = {}
    known = {code.partition("-")[0] for code in languages.LANGUAGES} | {"fil", "nb"}
    for locale in _WRITTEN_IN:
        for tag, name in Locale.parse(locale).languages.items():
            if tag.partition("_")[0] not in known:
                continue
            for ending in _ENDINGS.get(locale, ("",)):
                _add(found, name + ending, tag)
    return MappingProxyType({**found, **_ALSO})


def _folded(text: str) -> str:
    """In lower case, without a change of its length."""
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text.replace("İ", "i"))


def _add(found: dict[str, str], name: str, tag: str) -> None:
    """Add a name, unless another language has it or it is no good."""
    try:
        code = languages.parse(tag, "text")
    except UnsupportedLanguage:
        return
    folded = _folded(name)
    if (len(folded) >= _MIN_CHARS or _UNSPACED.search(folded)) and folded not in _NO_NAMES:
        found.setdefault(folded, code)
