"""What ``ceiling`` measured, its figures and its tables."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from load_tests import machine
from load_tests.limit import Limit, Setup, Spread, after_speech_s, limit, percentiles_ms, period_s
from load_tests.material import Spoken
from load_tests.one_process import RECOGNISER, Answer
from load_tests.words import Errors, errors
from sokuji.config import SegmentationSettings
from sokuji.measure.samples import PAUSE_MS

DISTURBED = 0.1
"""Cores busy with other things from which on the figures say little of the machine."""
SETTINGS = SegmentationSettings()
"""The silence that a session leaves around an utterance, and waits for."""


@dataclass(slots=True)
class Measured:
    """All times of all rounds."""

    source: str
    target: str
    rounds: int
    spoken: list[Spoken]
    """Each recording once: what the sequences answer."""
    many: list[Spoken]
    """The recordings over and over: what the stages work off."""
    answers: dict[str, list[list[Answer]]] = field(default_factory=lambda: defaultdict(list))
    """Way -> rounds -> answers."""
    seconds: dict[Setup, list[float]] = field(default_factory=lambda: defaultdict(list))
    """For an utterance, in each round."""
    cpu_s: dict[Setup, list[float]] = field(default_factory=lambda: defaultdict(list))
    """The same of processor time, all threads together."""
    texts: dict[Setup, list[str]] = field(default_factory=dict)
    """What came of the last round."""
    others_cores: float = 0.0
    """Cores that other processes kept busy meanwhile, the mean."""

    @property
    def period_s(self) -> float:
        """Between the utterances of a session that speaks these recordings as the load does."""
        silence_s = (SETTINGS.pre_roll_ms + SETTINGS.padding_ms) / 1_000
        return period_s([each.seconds - silence_s for each in self.spoken], PAUSE_MS / 1_000)

    def rate(self, way: str) -> Spread:
        """Utterances per second, one after another."""
        return Spread.of(
            [len(answers) / sum(each.last_audio_s for each in answers) for answers in self.answers[way]]
        )

    @property
    def plain_recognition_s(self) -> float:
        """For an utterance with faster-whisper as it comes, the mean."""
        return fmean(each.recognised_s for answers in self.answers["afternoon"] for each in answers)

    def seconds_of(self) -> dict[Setup, Spread]:
        """What each setup takes for an utterance."""
        return {setup: Spread.of(rounds) for setup, rounds in self.seconds.items()}


def report(measured: Measured) -> dict[str, Any]:
    """Ready for JSON."""
    best = limit(measured.seconds_of())
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "load": {
            "source_language": measured.source,
            "target_language": measured.target,
            "utterances": len(measured.many),
            "rounds": measured.rounds,
            "period_s": round(measured.period_s, 3),
            "others_cores": round(measured.others_cores, 3),
        },
        "recogniser": RECOGNISER.model_dump(),
        "one_after_another": {way: _sequence(measured, way) for way in measured.answers},
        "stages": [_stage(measured, setup, found) for setup, found in measured.seconds_of().items()],
        "limit": {
            "setups": [asdict(setup) for setup in best.seconds],
            "utterances_per_s": round(best.utterances_per_s, 3),
            "sessions": round(best.utterances_per_s * measured.period_s, 2),
            "recognition_per_s": round(best.of("recognition"), 3),
            "recognition_over_plain": round(best.of("recognition") * measured.plain_recognition_s, 2),
        },
        "first_audio_after_speech_ms": _after_speech(measured),
    }


def _sequence(measured: Measured, way: str) -> dict[str, Any]:
    answers = [each for found in measured.answers[way] for each in found]
    rate = measured.rate(way)
    return {
        "recognised_ms": percentiles_ms([each.recognised_s for each in answers]),
        "translated_ms": percentiles_ms([each.translated_s for each in answers]),
        "first_audio_ms": percentiles_ms([each.first_audio_s for each in answers]),
        "last_audio_ms": percentiles_ms([each.last_audio_s for each in answers]),
        "translation_alone_ms": percentiles_ms([each.translated_s - each.recognised_s for each in answers]),
        "voice_alone_ms": percentiles_ms([each.last_audio_s - each.translated_s for each in answers]),
        "utterances_per_s": _rounded(rate),
        "sessions": round(rate.median * measured.period_s, 2),
        "error_rate": _error_rate(measured.spoken, [each.text for each in measured.answers[way][-1]]),
    }


def _stage(measured: Measured, setup: Setup, found: Spread) -> dict[str, Any]:
    heard = setup.stage == "recognition"
    return {
        **asdict(setup),
        "utterance_s": _rounded(found),
        "cpu_s": _rounded(Spread.of(measured.cpu_s[setup])),
        **({"error_rate": _error_rate(measured.many, measured.texts[setup])} if heard else {}),
    }


def _rounded(found: Spread) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(found).items()}


def _error_rate(spoken: Sequence[Spoken], texts: Sequence[str]) -> float:
    made = (errors(one.words, text, one.language) for one, text in zip(spoken, texts, strict=True))
    return round(sum(made, Errors()).rate, 4)


def _after_speech(measured: Measured) -> dict[str, dict[str, float]]:
    """The soonest first audio of a service whose work takes as long as our providers do in one process."""
    taken = [each.first_audio_s for found in measured.answers["providers"] for each in found]
    return {
        name: percentiles_ms([after_speech_s(seconds, SETTINGS, speculate=speculate) for seconds in taken])
        for name, speculate in (("speculating", True), ("not_speculating", False))
    }


def tables(measured: Measured) -> Iterator[Table | str]:
    """Everything for a terminal."""
    yield _sequences_table(measured)
    yield _stages_table(measured)
    best = limit(measured.seconds_of())
    yield (
        f"The machine can answer {best.utterances_per_s:.2f} utterances per second ({_setups(best)}): "
        f"{best.utterances_per_s * measured.period_s:.1f} sessions with one every {measured.period_s:.1f} s."
    )
    yield (
        f"Recognition alone: {best.of('recognition'):.2f} utterances per second, "
        f"{best.of('recognition') * measured.plain_recognition_s:.1f} times what plain faster-whisper does."
    )
    soonest = (
        f"{times['p50']:,.0f} / {times['p95']:,.0f} ms {name.replace('_', ' ')}"
        for name, times in _after_speech(measured).items()
    )
    if measured.others_cores > DISTURBED:
        yield f"Not to be trusted: other processes kept {measured.others_cores:.1f} cores busy meanwhile."
    yield f"Soonest first audio after the end of speech with our providers, p50 / p95: {', '.join(soonest)}."


def _setups(best: Limit) -> str:
    return ", ".join(
        f"{each.stage} {each.workers} x {each.threads}"
        + (f" in batches of {each.batch}" if each.batch > 1 else "")
        for each in best.seconds
    )


def _sequences_table(measured: Measured) -> Table:
    table = Table(
        title="One utterance after another in one process: milliseconds, p50 / p95",
        title_justify="left",
        box=SIMPLE,
    )
    for heading in (
        "way",
        "recognised",
        "translated",
        "first audio",
        "last audio",
        "per second",
        "sessions",
        "errors",
    ):
        table.add_column(heading, justify="right")
    for way in sorted(measured.answers):
        found = _sequence(measured, way)
        times = [found[f"{what}_ms"] for what in ("recognised", "translated", "first_audio", "last_audio")]
        rate = found["utterances_per_s"]
        table.add_row(
            way,
            *(f"{each['p50']:,.0f} / {each['p95']:,.0f}" for each in times),
            f"{rate['median']:.2f} ({rate['lowest']:.2f} to {rate['highest']:.2f})",
            f"{found['sessions']:.1f}",
            f"{found['error_rate']:.1%}",
        )
    return table


def _stages_table(measured: Measured) -> Table:
    table = Table(
        title="Each stage with the whole machine: milliseconds for an utterance",
        title_justify="left",
        box=SIMPLE,
    )
    for heading in ("stage", "workers", "threads", "batch", "median", "lowest", "highest", "CPU", "errors"):
        table.add_column(heading, justify="right")
    order = sorted(measured.seconds_of().items(), key=lambda item: tuple(asdict(item[0]).values()))
    for setup, found in order:
        cpu_s = Spread.of(measured.cpu_s[setup]).median
        cells = (f"{1_000 * each:,.1f}" for each in (found.median, found.lowest, found.highest, cpu_s))
        rate = _stage(measured, setup, found).get("error_rate")
        labels = map(str, asdict(setup).values())
        table.add_row(*labels, *cells, "" if rate is None else f"{rate:.1%}")
    return table
