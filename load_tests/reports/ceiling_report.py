"""The figures of ``ceiling`` as JSON and as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from load_tests.measurements.capacity import Capacity, StageSetup
from load_tests.measurements.ceiling_rounds import CeilingRounds
from load_tests.reports.report import header, milliseconds, table
from load_tests.scenarios.recognisers import EMBEDDED

DISTURBED = 0.1
"""Cores used by other processes above which the figures say little about the machine."""


def report(rounds: CeilingRounds) -> dict[str, Any]:
    """Ready for JSON."""
    best = rounds.capacity
    return {
        **header(),
        "load": {
            "source_language": rounds.source,
            "target_language": rounds.target,
            "utterances": len(rounds.repeated),
            "rounds": rounds.rounds,
            "period_s": round(rounds.period_s, 3),
            "others_cores": round(rounds.others_cores, 3),
        },
        "recogniser": EMBEDDED.model_dump(),
        "one_after_another": {name: rounds.pipeline(name) for name in rounds.timings},
        "stages": [rounds.stage(setup) for setup in rounds.seconds],
        "limit": {
            "setups": [asdict(setup) for setup in best.seconds],
            "utterances_per_s": round(best.utterances_per_s, 3),
            "sessions": round(best.utterances_per_s * rounds.period_s, 2),
            "recognition_per_s": round(best.stage_per_s("stt"), 3),
            "recognition_over_plain": round(rounds.recognition_over_plain, 2),
        },
        "first_audio_after_speech_ms": rounds.after_speech_ms(),
    }


def tables(rounds: CeilingRounds) -> Iterator[Table | str]:
    """Everything for a terminal."""
    yield table(
        "One utterance after another in one process: milliseconds, p50 / p95",
        (
            *("pipeline", "recognised", "translated", "first audio", "last audio"),
            *("per second", "sessions", "errors"),
        ),
        (_pipeline(name, rounds.pipeline(name)) for name in sorted(rounds.timings)),
    )
    yield table(
        "Each stage with all of the machine: milliseconds for an utterance",
        ("stage", "workers", "threads", "batch", "median", "lowest", "highest", "CPU", "errors"),
        (_stage(rounds.stage(setup)) for setup in sorted(rounds.seconds, key=_order)),
    )
    best = rounds.capacity
    yield (
        f"The machine can answer {best.utterances_per_s:.2f} utterances per second ({_setups(best)}): "
        f"{best.utterances_per_s * rounds.period_s:.1f} sessions with one every {rounds.period_s:.1f} s."
    )
    yield (
        f"Recognition alone: {best.stage_per_s('stt'):.2f} utterances per second, "
        f"{rounds.recognition_over_plain:.1f} times the rate of plain faster-whisper."
    )
    if rounds.others_cores > DISTURBED:
        yield f"Not reliable: other processes used {rounds.others_cores:.1f} cores meanwhile."
    earliest = (
        f"{milliseconds(**times)} ms {name.replace('_', ' ')}"
        for name, times in rounds.after_speech_ms().items()
    )
    yield f"Earliest first audio after the end of speech, p50 / p95: {', '.join(earliest)}."


def _setups(best: Capacity) -> str:
    return ", ".join(
        f"{each.stage} {each.workers} x {each.threads}"
        + (f" in batches of {each.batch}" if each.batch > 1 else "")
        for each in best.seconds
    )


def _pipeline(name: str, figures: dict[str, Any]) -> Sequence[str]:
    times = ("recognised", "translated", "first_audio", "last_audio")
    rate = figures["utterances_per_s"]
    return (
        name,
        *(milliseconds(**figures[f"{each}_ms"]) for each in times),
        f"{rate['median']:.2f} ({rate['lowest']:.2f} to {rate['highest']:.2f})",
        f"{figures['sessions']:.1f}",
        f"{figures['error_rate']:.1%}",
    )


def _stage(figures: dict[str, Any]) -> Sequence[str]:
    seconds = (*figures["utterance_s"].values(), figures["cpu_s"]["median"])
    return (
        *(str(figures[name]) for name in ("stage", "workers", "threads", "batch")),
        *(f"{1_000 * each:,.1f}" for each in seconds),
        f"{figures['error_rate']:.1%}" if "error_rate" in figures else "",
    )


def _order(setup: StageSetup) -> tuple[str | int, ...]:
    return (setup.stage, setup.workers, setup.threads, setup.batch)
