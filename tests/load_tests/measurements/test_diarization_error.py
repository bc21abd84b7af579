"""The diarization error rate, against cases worked out by hand and against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.measurements.diarization_error import LabelledSpan, diarization_error

REFERENCE = [
    LabelledSpan(0, 4_000, "ana"),
    LabelledSpan(4_000, 6_000, "rui"),
    LabelledSpan(7_000, 9_000, "ana"),
]


def spans(*given_spans: tuple[int, int, str]) -> list[LabelledSpan]:
    return [LabelledSpan(*each) for each in given_spans]


@pytest.mark.parametrize(
    ("found", "missed", "false_alarm", "confused"),
    [
        (spans((0, 4_000, "1"), (4_000, 6_000, "2"), (7_000, 9_000, "1")), 0, 0, 0),
        (spans((0, 4_000, "1"), (7_000, 9_000, "1")), 2, 0, 0),
        (spans((0, 9_000, "1")), 0, 1, 2),
        (spans((0, 4_000, "1"), (4_000, 6_000, "2"), (7_000, 9_000, "3")), 0, 0, 2),
        (spans((0, 5_000, "1"), (5_000, 6_000, "2"), (7_000, 9_500, "1")), 0, 0.5, 1),
    ],
)
def test_errors_are_those_of_the_definition(
    found: list[LabelledSpan], missed: float, false_alarm: float, confused: float
) -> None:
    error = diarization_error(REFERENCE, found)
    assert (error.speech_s, error.missed_s, error.false_alarm_s, error.confused_s) == (
        8, missed, false_alarm, confused,
    )  # fmt: skip
    assert error.rate == pytest.approx((missed + false_alarm + confused) / 8)


@given(
    lengths=st.lists(st.tuples(st.integers(10, 3_000), st.integers(0, 3)), min_size=1, max_size=8),
    names=st.permutations(["a", "b", "c", "d"]),
)
def test_the_names_of_labels_do_not_matter(lengths: list[tuple[int, int]], names: list[str]) -> None:
    reference, found, at = [], [], 0
    for length, speaker in lengths:
        reference.append(LabelledSpan(at, at + 10 * length, str(speaker)))
        found.append(LabelledSpan(at, at + 10 * length, names[speaker]))
        at += 10 * length
    assert diarization_error(reference, found).rate == 0
    assert (diarization_error(reference, found) + diarization_error(reference, found)).rate == 0
