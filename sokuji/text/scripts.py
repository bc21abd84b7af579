"""Whether those who read a language can read a text, and what they cannot read in Latin letters. Pure.

Everyone reads the scripts of their language (``languages.scripts``) and Latin letters, which are in use
everywhere.
"""

from collections import Counter

from anyascii import anyascii

from sokuji.languages.scripts import script_of, scripts_of

_LATIN = "LATIN"
_HAN = "CJK"
_READ_BY_ALL = frozenset(("", _LATIN, "MODIFIER", "FEMININE", "MASCULINE", "MICRO"))
"""Latin letters, and signs that count as letters: ʼ, ª, º, µ."""
_JAPANESE = "ja"
_JAPANESE_CHARACTERS = "shift_jis"


def reads(language: str, text: str) -> bool:
    """Whether a language has the script of at least half of the letters of ``text``."""
    unread = sum(count for script, count in _scripts(text).items() if script not in _read_in(language))
    return 2 * unread <= sum(_scripts(text).values()) and not _is_chinese_for(language, text)


def romanised(text: str, language: str) -> str:
    """``text`` with foreign names and words, whose script the language does not have, in Latin letters."""
    known = _read_in(language)
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


def _script(character: str) -> str:
    """The script of a letter; "" for everything else."""
    return script_of(character) if character.isalpha() else ""


def _read_in(language: str) -> frozenset[str]:
    return scripts_of(language) | _READ_BY_ALL
