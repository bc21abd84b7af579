"""The language of a text whose writer does not name it (py3langid, after Lui and Baldwin 2012)."""

from collections.abc import Collection
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier


def identify(text: str, among: Collection[str]) -> str:
    """The most probable language of a text.

    Blocks for most of a second at the first call: call it in a thread.

    Args:
        text: without letters, the answer is any of the languages.
        among: canonical codes, at least one; those that the identifier does not know are never found.
    """
    by_primary: dict[str, str] = {}
    for code in among:
        by_primary.setdefault(code.partition("-")[0], code)
    if len(by_primary) > 1:
        for primary, _ in _identifier().rank(text):
            if primary in by_primary:
                return by_primary[primary]
    return next(iter(among))


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE)
