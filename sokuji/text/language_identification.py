"""The language of a text whose writer does not name it (py3langid, after Lui and Baldwin 2012)."""

import math
import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from py3langid.langid import MODEL_FILE, LanguageIdentifier

MAX_CHARS = 2_000
"""Of a longer text the beginning is read."""
_USUAL = math.exp(1.5)
"""How many times as probable the usual language is before the text has been read: "Hello" alone may be in
several languages."""
_LETTER = re.compile(r"[^\W\d_]")


class ProbableLanguage(NamedTuple):
    """A language in which a text may be."""

    code: str
    """One of the candidates."""
    probability: float
    """From 0 to 1, among all languages that the identifier knows."""


def probable_languages(text: str, among: Collection[str]) -> list[ProbableLanguage]:
    """The candidates, the most probable first; of those that differ in script or region alone, the first.

    The probabilities are low where a text says little, or is in none of the candidates. Without letters it
    says nothing, and all are 0.

    Blocks for most of a second at the first call: call it in a thread.

    Args:
        among: canonical codes; those that the identifier does not know have the probability 0.
    """
    by_primary: dict[str, str] = {}
    for code in among:
        by_primary.setdefault(code.partition("-")[0], code)
    found = _probabilities(text) if _LETTER.search(text) else {}
    candidates = [ProbableLanguage(code, found.get(primary, 0.0)) for primary, code in by_primary.items()]
    return sorted(candidates, key=lambda each: -each.probability)


def identify(text: str, among: Collection[str], usual: str | None = None) -> str:
    """The most probable language of a text.

    Blocks for most of a second at the first call: call it in a thread.

    Args:
        text: without letters, the answer is any of the languages.
        among: canonical codes, at least one; those that the identifier does not know are never found.
        usual: the one of these that most texts are in; it wins where a short text says little.
    """

    def weighed(found: ProbableLanguage) -> tuple[float, bool]:
        is_usual = found.code == usual
        return found.probability * (_USUAL if is_usual else 1.0), is_usual

    return max(probable_languages(text, among), key=weighed).code


def _probabilities(text: str) -> dict[str, float]:
    ranked = _identifier().rank(text[:MAX_CHARS])
    _, best = ranked[0]
    weights = {language: math.exp(score - best) for language, score in ranked}
    total = sum(weights.values())
    return {language: weight / total for language, weight in weights.items()}


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE)
