"""Averages over time: they stay between the values, forget, and do not depend on when they are asked."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.moving_average import LevelAverage, ValueAverage

STEPS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), min_size=1, max_size=20)
"""(seconds since the step before, level or value)"""


@given(STEPS)
def test_an_average_lies_between_the_values(steps: list[tuple[float, float]]) -> None:
    level, value, now = LevelAverage(8, 0.0), ValueAverage(8), 0.0
    for after_s, each in steps:
        now += after_s
        level.set(each, now)
        value.add(each, now)
    highest = max(each for _, each in steps)
    assert -1e-9 <= level.at(now + 3) <= highest + 1e-9
    assert -1e-9 <= value.at(now) <= highest + 1e-9
    assert value.at(now) >= min(each for _, each in steps) - 1e-9


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 10))
def test_asking_on_the_way_changes_nothing(first_s: float, second_s: float, level: float) -> None:
    asked, other = LevelAverage(8, 0.0, 3.0), LevelAverage(8, 0.0, 3.0)
    asked.set(level, 1.0)
    other.set(level, 1.0)
    asked.set(level, 1.0 + first_s)
    assert asked.at(1.0 + first_s + second_s) == pytest.approx(other.at(1.0 + first_s + second_s))


def test_a_level_that_stays_is_reached_with_the_time_constant() -> None:
    average = LevelAverage(8, 0.0)
    average.set(1.0, 0.0)
    assert average.at(8.0) == pytest.approx(1 - 1 / math.e)
    assert average.at(100.0) == pytest.approx(1.0, abs=1e-4)
