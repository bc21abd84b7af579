"""The figures of ``ceiling`` as JSON and as tables."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from rich.console import RenderableType

from load_tests.measurements.capacity import CeilingRounds
from load_tests.reports.report import Columns, columns_table, milliseconds
from load_tests.scenarios.recognisers import EMBEDDED

DISTURBED = 0.1
"""Cores used by other processes above which the figures say little about the machine."""
Figures = Mapping[str, Any]

PIPELINES: Columns[Figures] = {
    "pipeline": lambda each: each["name"],
    "recognised": lambda each: milliseconds(**each["recognised_ms"]),
    "translated": lambda each: milliseconds(**each["translated_ms"]),
    "first audio": lambda each: milliseconds(**each["first_audio_ms"]),
    "last audio": lambda each: milliseconds(**each["last_audio_ms"]),
    "per second": lambda each: "{median:.2f} ({lowest:.2f} to {highest:.2f})".format_map(
        each["utterances_per_s"]
    ),
    "sessions": lambda each: f"{each['sessions']:.1f}",
    "errors": lambda each: f"{each['error_rate']:.1%}",
}
STAGES: Columns[Figures] = {
    "stage": lambda each: each["stage"],
    "workers": lambda each: str(each["workers"]),
    "threads": lambda each: str(each["threads"]),
    "batch": lambda each: str(each["batch"]),
    "median": lambda each: f"{1_000 * each['utterance_s']['median']:,.1f}",
    "lowest": lambda each: f"{1_000 * each['utterance_s']['lowest']:,.1f}",
    "highest": lambda each: f"{1_000 * each['utterance_s']['highest']:,.1f}",
    "CPU": lambda each: f"{1_000 * each['cpu_s']['median']:,.1f}",
    "errors": lambda each: f"{each['error_rate']:.1%}" if "error_rate" in each else "",
}


def report(rounds: CeilingRounds) -> dict[str, Any]:
    """Ready for JSON."""
    return {
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
        "stages": [rounds.stage(setup) for setup in rounds.stages],
        "limit": rounds.limit(),
        "first_audio_after_speech_ms": rounds.after_speech_ms(),
    }


def tables(figures: Figures) -> Iterator[RenderableType]:
    """A ``report`` for a terminal."""
    yield columns_table(
        "One utterance after another in one process: milliseconds, p50 / p95",
        PIPELINES,
        ({"name": name, **each} for name, each in sorted(figures["one_after_another"].items())),
    )
    stages: list[Figures] = sorted(figures["stages"], key=itemgetter("stage", "workers", "threads", "batch"))
    yield columns_table("Each stage with all of the machine: milliseconds for an utterance", STAGES, stages)
    load, limit = figures["load"], figures["limit"]
    yield (
        f"The machine can answer {limit['utterances_per_s']:.2f} utterances per second "
        f"({', '.join(map(_setup, limit['setups']))}): "
        f"{limit['sessions']:.1f} sessions with one every {load['period_s']:.1f} s."
    )
    yield (
        f"Recognition alone: {limit['recognition_per_s']:.2f} utterances per second, "
        f"{limit['recognition_over_plain']:.1f} times the rate of plain faster-whisper."
    )
    if load["others_cores"] > DISTURBED:
        yield f"Not reliable: other processes used {load['others_cores']:.1f} cores meanwhile."
    earliest = (
        f"{milliseconds(**times)} ms {name.replace('_', ' ')}"
        for name, times in figures["first_audio_after_speech_ms"].items()
    )
    yield f"Earliest first audio after the end of speech, p50 / p95: {', '.join(earliest)}."


def _setup(each: Figures) -> str:
    batches = f" in batches of {each['batch']}" if each["batch"] > 1 else ""
    return f"{each['stage']} {each['workers']} x {each['threads']}{batches}"
