"""Levels of two doors are compared where they were measured one after the other."""

from load_tests.measurements.door_comparison import compare_doors, median_ratio
from load_tests.measurements.load_level import LoadLevel
from load_tests.measurements.service_load import MeasuredLevel
from load_tests.scenarios.sessions import Door
from sokuji.measure.latency import Percentiles


def level(door: Door, sessions: int, first_audio_ms: float | None) -> MeasuredLevel:
    waits = {} if first_audio_ms is None else {"first audio": Percentiles(9, first_audio_ms, 9.0, 9.0)}
    counted = LoadLevel(sessions, 9, 9, 0, 0, 0, sessions, 0.0, {}, waits)  # type: ignore[arg-type]
    return MeasuredLevel(counted, 1.0, 0.0, None, None, door)


def test_the_median_of_the_ratios_of_all_pairs() -> None:
    measured = [
        level("bridge", 1, 500),
        level("openai", 1, 550),
        level("bridge", 1, 400),
        level("openai", 1, 380),
        level("bridge", 2, 1_000),
        level("openai", 2, 1_040),
    ]
    compared = compare_doors(measured)
    assert [(each.sessions, round(each.ratio, 3)) for each in compared] == [(1, 1.1), (1, 0.95), (2, 1.04)]
    assert median_ratio(compared) == 1.04


def test_what_cannot_be_compared_is_left_out() -> None:
    assert compare_doors([level("bridge", 1, 500), level("bridge", 2, 500)]) == []
    assert compare_doors([level("bridge", 1, 500), level("openai", 1, None)]) == []
    assert compare_doors([level("bridge", 1, 500), level("openai", 2, 500)]) == []
