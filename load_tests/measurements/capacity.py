"""The times of the embedded models in one process, and the limit of the machine that follows."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

import numpy as np

from load_tests.measurements.word_errors import ErrorCount, count_errors
from load_tests.scenarios.in_process import InProcessPipeline, PipelineTiming, StageRun, StageSetup
from load_tests.scenarios.speech_samples import SpeechSample
from sokuji.config import SegmentationSettings
from sokuji.measure.samples import PAUSE_MS

SETTINGS = SegmentationSettings()
"""The silence that a session leaves around an utterance, and waits for."""


@dataclass(slots=True)
class StageRounds:
    """A stage in one setup: seconds for an utterance in each round, and the texts of the last round."""

    utterance_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    """Processor time, all threads together."""
    texts: Sequence[str] = ()


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
    stages: dict[StageSetup, StageRounds] = field(default_factory=lambda: defaultdict(StageRounds))
    others_cores: float = 0.0
    """Mean number of cores that other processes used meanwhile."""

    async def time_pipeline(self, name: str, pipeline: InProcessPipeline) -> None:
        """Every recording once, one after another."""
        self.timings[name].append([await pipeline.run(each) for each in self.samples])

    async def time_stage(self, setup: StageSetup, run: StageRun) -> None:
        """Many utterances through one stage."""
        began, cpu_s = time.perf_counter(), time.process_time()
        texts = await run(self.repeated)
        rounds = self.stages[setup]
        rounds.utterance_s.append((time.perf_counter() - began) / len(self.repeated))
        rounds.cpu_s.append((time.process_time() - cpu_s) / len(self.repeated))
        rounds.texts = texts

    @property
    def period_s(self) -> float:
        """Between two utterances of a session that speaks these recordings as a scenario does."""
        silence_s = (SETTINGS.pre_roll_ms + SETTINGS.padding_ms) / 1_000
        return fmean(each.seconds - silence_s for each in self.samples) + PAUSE_MS / 1_000

    def limit(self) -> dict[str, Any]:
        """What the machine can do with each stage in its fastest setup, for JSON."""
        best = fastest({setup: rounds.utterance_s for setup, rounds in self.stages.items()})
        utterances_per_s = 1 / sum(best.values())
        recognition_per_s = next(1 / seconds for setup, seconds in best.items() if setup.stage == "stt")
        plain_s = fmean(each.recognised_s for timings in self.timings["plain"] for each in timings)
        return {
            "setups": [asdict(setup) for setup in best],
            "utterances_per_s": round(utterances_per_s, 3),
            "sessions": round(utterances_per_s * self.period_s, 2),
            "recognition_per_s": round(recognition_per_s, 3),
            "recognition_over_plain": round(recognition_per_s * plain_s, 2),
        }

    def pipeline(self, name: str) -> dict[str, Any]:
        """The figures of a pipeline, for JSON."""
        timings = [each for utterances in self.timings[name] for each in utterances]
        rates = [len(each) / sum(one.last_audio_s for one in each) for each in self.timings[name]]
        points = ("recognised", "translated", "first_audio", "last_audio")
        columns = {f"{name}_ms": [getattr(each, f"{name}_s") for each in timings] for name in points} | {
            "translation_alone_ms": [each.translated_s - each.recognised_s for each in timings],
            "voice_alone_ms": [each.last_audio_s - each.translated_s for each in timings],
        }
        return {
            **{column: percentiles_ms(seconds) for column, seconds in columns.items()},
            "utterances_per_s": _spread(rates),
            "sessions": round(median(rates) * self.period_s, 2),
            "error_rate": _error_rate(self.samples, [each.text for each in self.timings[name][-1]]),
        }

    def stage(self, setup: StageSetup) -> dict[str, Any]:
        """The figures of a stage, for JSON."""
        rounds = self.stages[setup]
        figures = {
            **asdict(setup),
            "utterance_s": _spread(rounds.utterance_s),
            "cpu_s": _spread(rounds.cpu_s),
        }
        if setup.stage == "stt":
            figures["error_rate"] = _error_rate(self.repeated, rounds.texts)
        return figures

    def after_speech_ms(self) -> dict[str, dict[str, float]]:
        """The earliest first audio of a service that computes as long as the providers do in one process."""
        taken = [each.first_audio_s for timings in self.timings["providers"] for each in timings]
        return {
            name: percentiles_ms([after_speech_s(each, SETTINGS, speculate=speculate) for each in taken])
            for name, speculate in (("speculating", True), ("not_speculating", False))
        }


def fastest(seconds: Mapping[StageSetup, Sequence[float]]) -> dict[StageSetup, float]:
    """The setup of each stage with the lowest median over its rounds, and that median."""
    best: dict[str, tuple[StageSetup, float]] = {}
    for setup in sorted(seconds, key=lambda each: median(seconds[each])):
        best.setdefault(setup.stage, (setup, median(seconds[setup])))
    return dict(best.values())


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p95, with linear interpolation between neighbours."""
    p50, p95 = (round(1_000 * float(each), 1) for each in np.percentile(seconds, (50, 95)))
    return {"p50": p50, "p95": p95}


def after_speech_s(first_audio_s: float, settings: SegmentationSettings, *, speculate: bool) -> float:
    """The earliest begin of the voice after the end of speech, if making it takes ``first_audio_s``.

    It may not begin before the utterance is over for certain (``min_silence_ms``). Speculation starts the
    computation when there is enough silence for it (``padding_ms``); without, it starts at the end.
    """
    over_s = settings.min_silence_ms / 1_000
    begin_s = settings.padding_ms / 1_000 if speculate else over_s
    return max(over_s, begin_s + first_audio_s)


def _spread(rounds: Sequence[float]) -> dict[str, float]:
    figures = {"median": median(rounds), "lowest": min(rounds), "highest": max(rounds)}
    return {name: round(value, 4) for name, value in figures.items()}


def _error_rate(samples: Sequence[SpeechSample], texts: Sequence[str]) -> float:
    pairs = zip(samples, texts, strict=True)
    counts = (count_errors(sample.text, text, sample.language) for sample, text in pairs)
    return round(sum(counts, ErrorCount()).rate, 4)
