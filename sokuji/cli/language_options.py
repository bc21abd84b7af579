"""Options that name languages: a code such as "pt" or "pt-BR", or a name such as "Portuguese" or "português".

A language that is neither is refused with those whose names are most like it.
"""

from collections.abc import Callable
from difflib import get_close_matches

import typer

from sokuji import languages
from sokuji.errors import SokujiError, UnsupportedLanguage
from sokuji.text.language_names import code_of, english_names, names

_SUGGESTIONS = 3
_SIMILARITY = 0.7
"""Of a name that may have been meant, from 0 to 1 (difflib)."""


def language_code(language: str) -> str:
    """The canonical code of a language that is named by code or by name.

    Raises:
        UnsupportedLanguage: it is neither; the message has names that are like it.
    """
    try:
        return languages.parse(language, "language")
    except UnsupportedLanguage:
        if (code := code_of(language)) is not None:
            return code
    raise UnsupportedLanguage(
        f"{language[: languages.MAX_TAG_LENGTH]!r} is no language that is known; {_advice(language)}",
        param="language",
    )


def _advice(language: str) -> str:
    for known in (english_names(), names()):
        if alike := get_close_matches(language.lower(), known, n=_SUGGESTIONS, cutoff=_SIMILARITY):
            listed = (f"{name.title()} ({known[name]})" for name in alike)
            return f"did you mean {' or '.join(listed)}?"
    return "name a code such as pt, or a name such as Portuguese"


def _spoken(language: str) -> str:
    return languages.LANGUAGES[language_code(language)].spoken


def _parsed(parse: Callable[[str], str]) -> Callable[[str], str]:
    """An option callback that reports an error of ``parse`` as a wrong command line."""

    def callback(value: str) -> str:
        try:
            return parse(value)
        except SokujiError as error:
            raise typer.BadParameter(error.message) from None

    return callback


def _listed(parse: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: ",".join(dict.fromkeys(parse(each.strip()) for each in text.split(",")))


source_language = _parsed(lambda text: languages.AUTO if text.lower() == languages.AUTO else _spoken(text))
"""Option callback: "auto" or the canonical code of a language."""
target_language = _parsed(language_code)
"""Option callback: the canonical code of a language."""
source_languages = _parsed(lambda text: text and _listed(_spoken)(text))
"""Option callback: canonical codes of the languages that may be spoken, separated by commas, or empty."""
target_languages = _parsed(_listed(language_code))
"""Option callback: canonical codes, separated by commas."""
