"""When a model counts as one that hangs: with calls that wait, by the pace that it has shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.model_health import LEAST_STALL_S, ModelHealth


class Model:
    """A model whose calls are made by hand, and the time."""

    def __init__(self, check_s: float = 0.05) -> None:
        self.now_s = 0.0
        self.health = ModelHealth(lambda: self.now_s)
        self.health.loaded(check_s)

    def answer_after(self, seconds: float) -> None:
        """Make a call that is answered well."""
        self.health.began("call")
        self.now_s += seconds
        self.health.succeeded()
        self.health.ended("call")

    def hangs_after(self) -> float:
        """How long a call waits until the model counts as one that hangs."""
        began = self.now_s
        self.health.began("hanging")
        while self.health.stalled_s is None:
            self.now_s += 1
            assert self.now_s - began < 10_000
        return self.now_s - began


def test_a_model_without_calls_hangs_never_and_wants_a_test_after_thirty_seconds() -> None:
    model = Model()
    assert not model.health.is_idle
    model.now_s += 30
    assert model.health.is_idle
    model.now_s += 10_000
    assert model.health.stalled_s is None
    model.health.began("call")
    assert not model.health.is_idle
    assert model.health.stalled_s is None


@pytest.mark.parametrize(
    ("check_s", "answers_s", "expected_s"),
    [(0.05, (), 21), (0.05, (0.1, 0.2), 21), (0.6, (), 61), (0.05, (10.0,), 41), (0.6, (0.1,) * 40, 21)],
)
def test_a_slow_model_is_given_more_time_than_a_fast_one(
    check_s: float, answers_s: tuple[float, ...], expected_s: float
) -> None:
    model = Model(check_s)
    for seconds in answers_s:
        model.answer_after(seconds)
    assert model.hangs_after() == expected_s


def test_a_call_that_waits_behind_others_that_are_answered_is_no_sign_of_a_stall() -> None:
    model = Model()
    model.health.began("last")
    for _ in range(100):
        model.answer_after(1.0)
    assert model.health.stalled_s is None


@given(st.lists(st.floats(0.01, 300), max_size=20), st.floats(0.001, 3))
def test_whatever_a_model_takes_it_is_never_less_than_its_own_pace(
    answers_s: list[float], check_s: float
) -> None:
    model = Model(check_s)
    for seconds in answers_s:
        model.answer_after(seconds)
    longest = answers_s[-1] if answers_s else 0
    assert model.hangs_after() > max(LEAST_STALL_S, 3 * longest)
