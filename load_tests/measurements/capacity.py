"""From measured times to the limit of a machine: utterances per second, sessions, earliest voice. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sokuji.config import SegmentationSettings
from sokuji.contract import StageName


@dataclass(frozen=True, slots=True)
class StageSetup:
    """How a stage uses the cores."""

    stage: StageName
    workers: int
    """Calls at a time."""
    threads: int
    """Of each call."""
    batch: int
    """Utterances in a call."""


@dataclass(frozen=True, slots=True)
class RoundSpread:
    """A figure that was measured once in each round."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "RoundSpread":
        """Of at least one round."""
        return cls(float(np.median(rounds)), min(rounds), max(rounds))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a machine can do, each stage in its fastest setup."""

    seconds: Mapping[StageSetup, float]
    """The fastest setup of each stage, and what it takes for an utterance with all cores in use."""

    @classmethod
    def of(cls, seconds: Mapping[StageSetup, RoundSpread]) -> "Capacity":
        """The fastest setup of each stage, by its median; ``seconds`` are those of an utterance."""
        fastest: dict[StageName, StageSetup] = {}
        for setup in sorted(seconds, key=lambda each: seconds[each].median):
            fastest.setdefault(setup.stage, setup)
        return cls({setup: seconds[setup].median for setup in fastest.values()})

    @property
    def utterances_per_s(self) -> float:
        """All stages together."""
        return 1 / sum(self.seconds.values())

    def stage_per_s(self, stage: StageName) -> float:
        """Utterances per second of one stage that has the machine to itself."""
        return next(1 / seconds for setup, seconds in self.seconds.items() if setup.stage == stage)


def period_s(clips_s: Sequence[float], pause_s: float) -> float:
    """Mean seconds from one utterance of a session to its next: speech and the pause behind it."""
    return float(np.mean(clips_s)) + pause_s


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p95, with linear interpolation between neighbours."""
    return {
        name: round(1_000 * float(np.percentile(seconds, percent)), 1)
        for name, percent in (("p50", 50), ("p95", 95))
    }


def after_speech_s(first_audio_s: float, settings: SegmentationSettings, *, speculate: bool) -> float:
    """The earliest begin of the voice after the end of speech, if making it takes ``first_audio_s``.

    It may not begin before the utterance is over for certain (``min_silence_ms``). Speculation starts the
    computation when there is enough silence for it (``padding_ms``); without, it starts at the end.
    """
    over_s = settings.min_silence_ms / 1_000
    begin_s = settings.padding_ms / 1_000 if speculate else over_s
    return max(over_s, begin_s + first_audio_s)
