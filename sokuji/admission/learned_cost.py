"""What a second of speech costs a provider, learned from what its answers took."""

import math

from sokuji.admission.provider_load import ProviderLoad

MEMORY_S = 40.0
"""Seconds of speech over which the cost is averaged: by speech and not by time, so that a quiet night is not
forgotten, and some ten sentences, because stages that share processors slow each other down."""
START_WEIGHT_S = 5.0
"""Seconds of speech for which the start value counts at first."""


class LearnedCost:
    """The cost of speech at one provider, in seconds of a worker for a second of speech.

    It is the ratio of the work to the speech of all sessions, so that a provider that speaks to one of two
    sessions costs each of them half.
    """

    def __init__(self, load: ProviderLoad) -> None:
        self._load = load
        self._seen_s = load.work_s
        self._work_s = 0.0
        self._speech_s = 0.0
        self._start_weight_s = START_WEIGHT_S

    def learn(self, speech_s: float) -> None:
        """Note speech that has been recognised since the last call, and what the provider did since."""
        work_s = self._load.work_s - self._seen_s
        self._seen_s = self._load.work_s
        kept = math.exp(-speech_s / MEMORY_S)
        self._start_weight_s *= kept
        self._work_s, self._speech_s = self._work_s * kept + work_s, self._speech_s * kept + speech_s

    def value(self, start: float) -> float:
        """The cost; ``start`` as long as nothing has been measured."""
        known_s = self._start_weight_s + self._speech_s
        return (start * self._start_weight_s + self._work_s) / known_s
