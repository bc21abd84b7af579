"""The times of the embedded models in one process, over several rounds, and the figures that follow."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from load_tests.measurements.capacity import (
    Capacity,
    RoundSpread,
    StageSetup,
    after_speech_s,
    percentiles_ms,
    period_s,
)
from load_tests.measurements.word_errors import ErrorCount, count_errors
from load_tests.scenarios.in_process import PipelineTiming
from load_tests.scenarios.speech_samples import SpeechSample
from sokuji.config import SegmentationSettings
from sokuji.measure.samples import PAUSE_MS

SETTINGS = SegmentationSettings()
"""The silence that a session leaves around an utterance, and waits for."""


@dataclass(slots=True)
class CeilingRounds:
    """All times of all rounds."""

    source: str
    target: str
    rounds: int
    samples: Sequence[SpeechSample]
    """Each recording once: for the pipelines."""
    repeated: Sequence[SpeechSample]
    """The recordings repeated: for the stages."""
    timings: dict[str, list[list[PipelineTiming]]] = field(default_factory=lambda: defaultdict(list))
    """Pipeline -> rounds -> utterances."""
    seconds: dict[StageSetup, list[float]] = field(default_factory=lambda: defaultdict(list))
    """For an utterance, in each round."""
    cpu_s: dict[StageSetup, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Processor time of the same, all threads together."""
    texts: dict[StageSetup, list[str]] = field(default_factory=dict)
    """The texts of the last round."""
    others_cores: float = 0.0
    """Mean number of cores that other processes used meanwhile."""

    @property
    def period_s(self) -> float:
        """Between two utterances of a session that speaks these recordings as a scenario does."""
        silence_s = (SETTINGS.pre_roll_ms + SETTINGS.padding_ms) / 1_000
        return period_s([each.seconds - silence_s for each in self.samples], PAUSE_MS / 1_000)

    @property
    def capacity(self) -> Capacity:
        """Of the fastest setups."""
        return Capacity.of(self.spreads)

    @property
    def spreads(self) -> dict[StageSetup, RoundSpread]:
        """Seconds of each setup for an utterance."""
        return {setup: RoundSpread.of(rounds) for setup, rounds in self.seconds.items()}

    @property
    def recognition_over_plain(self) -> float:
        """How many times as many utterances the fastest setup recognises as plain faster-whisper."""
        plain_s = fmean(each.recognised_s for timings in self.timings["plain"] for each in timings)
        return self.capacity.stage_per_s("stt") * plain_s

    def pipeline(self, name: str) -> dict[str, Any]:
        """The figures of a pipeline, for JSON."""
        timings = [each for found in self.timings[name] for each in found]
        rate = RoundSpread.of(
            [len(each) / sum(one.last_audio_s for one in each) for each in self.timings[name]]
        )
        columns = {
            "recognised_ms": [each.recognised_s for each in timings],
            "translated_ms": [each.translated_s for each in timings],
            "first_audio_ms": [each.first_audio_s for each in timings],
            "last_audio_ms": [each.last_audio_s for each in timings],
            "translation_alone_ms": [each.translated_s - each.recognised_s for each in timings],
            "voice_alone_ms": [each.last_audio_s - each.translated_s for each in timings],
        }
        return {
            **{column: percentiles_ms(seconds) for column, seconds in columns.items()},
            "utterances_per_s": _rounded(rate),
            "sessions": round(rate.median * self.period_s, 2),
            "error_rate": _error_rate(self.samples, [each.text for each in self.timings[name][-1]]),
        }

    def stage(self, setup: StageSetup) -> dict[str, Any]:
        """The figures of a stage, for JSON."""
        figures = {
            **asdict(setup),
            "utterance_s": _rounded(RoundSpread.of(self.seconds[setup])),
            "cpu_s": _rounded(RoundSpread.of(self.cpu_s[setup])),
        }
        if setup.stage == "stt":
            figures["error_rate"] = _error_rate(self.repeated, self.texts[setup])
        return figures

    def after_speech_ms(self) -> dict[str, dict[str, float]]:
        """The earliest first audio of a service that computes as long as the providers do in one process."""
        taken = [each.first_audio_s for timings in self.timings["providers"] for each in timings]
        return {
            name: percentiles_ms([after_speech_s(each, SETTINGS, speculate=speculate) for each in taken])
            for name, speculate in (("speculating", True), ("not_speculating", False))
        }


def _rounded(spread: RoundSpread) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(spread).items()}


def _error_rate(samples: Sequence[SpeechSample], texts: Sequence[str]) -> float:
    counts = (
        count_errors(sample.text, text, sample.language) for sample, text in zip(samples, texts, strict=True)
    )
    return round(sum(counts, ErrorCount()).rate, 4)
