"""The languages heard in one conversation or recording, as a prior for the detection of the next one. Pure.

A conversation in Portuguese most likely continues in Portuguese. An answer such as "Não" is too short for
its language to be detected, and gets that of the conversation. The evidence of a sentence in another language
outweighs the prior, so that a change of language is detected at once.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

NO_PRIOR: Mapping[str, float] = MappingProxyType({})
"""Nothing is known about the language: any may be spoken."""

_HALF_LIFE_S = 3.0
"""After this much speech, what was heard before it counts half: the last sentence is what counts."""
_PSEUDO_COUNT_S = 2.0
"""Speech after which a language is as much expected for being heard as for being possible."""
_UNHEARD = 0.1
"""How much of its weight a language keeps in a conversation in which it has not been heard."""


class HeardLanguages:
    """How much speech of each language has been heard, the latest most; one conversation owns one."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def add(self, language: str, duration_ms: float) -> None:
        """Note that ``language`` has been spoken for this long."""
        faded = 0.5 ** (duration_ms / 1_000 / _HALF_LIFE_S)
        self._seconds = {code: heard * faded for code, heard in self._seconds.items()}
        # The speech fades while it lasts.
        added = (1 - faded) * _HALF_LIFE_S / math.log(2)
        self._seconds[language] = self._seconds.get(language, 0.0) + added

    def prior(self, candidates: Mapping[str, float]) -> dict[str, float]:
        """The relative probability that each of ``candidates`` is spoken next.

        Seconds of speech count like observations of a Dirichlet distribution; a share of the weight of each
        candidate remains, whatever has been heard.

        Args:
            candidates: canonical code -> its weight before anything has been heard, above 0.
        """
        total = sum(self._seconds.get(code, 0.0) for code in candidates) + _PSEUDO_COUNT_S
        return {
            code: self._seconds.get(code, 0.0) / total + _UNHEARD * weight
            for code, weight in candidates.items()
        }
