"""When a provider that is gone is expected back."""

import math

import pytest

from sokuji.pipeline.outage import Outage


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_expected_back_after_as_long_as_it_took_the_last_times() -> None:
    outage = Outage(clock := Clock())
    assert (outage.is_on, outage.expected_s) == (False, 0)
    outage.begin()
    assert (outage.is_on, outage.expected_s) == (True, math.inf)
    clock.now += 12
    outage.begin()
    outage.end()
    outage.begin()
    assert outage.expected_s == 12
    clock.now += 10
    assert outage.expected_s == 2
    outage.end()
    outage.begin()
    assert outage.expected_s == pytest.approx(11)


def test_nothing_is_known_of_one_that_lasts_longer_than_usual() -> None:
    outage = Outage(clock := Clock())
    outage.learn(5)
    outage.begin()
    clock.now += 5
    assert outage.expected_s == math.inf


def test_the_end_of_none_teaches_nothing() -> None:
    outage = Outage(clock := Clock())
    outage.learn(5)
    clock.now += 60
    outage.end()
    outage.begin()
    assert outage.expected_s == 5
