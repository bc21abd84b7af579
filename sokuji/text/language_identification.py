"""The language of a text whose writer does not name it (py3langid, after Lui and Baldwin 2012)."""

from collections.abc import Collection
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_USUAL = 1.5
"""How much more probable the usual language is before the text has been read, as a logarithm: "Hello" alone
is as probable in several languages."""


def identify(text: str, among: Collection[str], usual: str | None = None) -> str:
    """The most probable language of a text.

    Blocks for most of a second at the first call: call it in a thread.

    Args:
        text: without letters, the answer is any of the languages.
        among: canonical codes, at least one; those that the identifier does not know are never found.
        usual: the one of these that most texts are in; it wins where a short text says little.
    """
    by_primary: dict[str, str] = {}
    for code in among:
        by_primary.setdefault(code.partition("-")[0], code)
    if len(by_primary) > 1:
        scores = {by_primary[each]: score for each, score in _identifier().rank(text) if each in by_primary}
        if usual in scores:
            scores[usual] += _USUAL
        if scores:
            # A text of which nothing is known has the same score in all languages, too large to add to.
            return max(scores, key=lambda code: (scores[code], code == usual))
    return next(iter(among))


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE)
