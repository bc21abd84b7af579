"""How busy workers are: the average over the last seconds of those that do what somebody waits for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import BUSY_WINDOW_S
from sokuji.providers.worker_usage import REPLICA, WorkerUsage
from tests.admission.simulation import Clock


def test_the_average_follows_the_workers_that_compute() -> None:
    clock = Clock()
    usage = WorkerUsage(clock)
    assert usage.report(3).busy == 0
    with usage.computing(), usage.computing():
        clock.now += BUSY_WINDOW_S
        assert usage.report(3).busy == pytest.approx(2 * (1 - 1 / math.e))
        clock.now += 10 * BUSY_WINDOW_S
    assert usage.report(3).busy == pytest.approx(2, abs=1e-3)
    clock.now += 10 * BUSY_WINDOW_S
    report = usage.report(4)
    assert report.busy == pytest.approx(0, abs=1e-3)
    assert (report.workers, report.replica) == (4, REPLICA)


def test_work_that_gives_way_is_not_counted_and_work_that_fails_ends() -> None:
    clock = Clock()
    usage = WorkerUsage(clock)
    with usage.computing(urgent=False):
        clock.now += 100
    assert usage.report(1).busy == 0
    with pytest.raises(ZeroDivisionError), usage.computing():
        raise ZeroDivisionError
    clock.now += 100
    assert usage.report(1).busy == 0


@given(st.floats(0.05, 0.95), st.floats(0.01, 1.0))
def test_workers_that_compute_a_share_of_the_time_are_as_busy(share: float, period_s: float) -> None:
    clock = Clock()
    usage = WorkerUsage(clock)
    for _ in range(math.ceil(8 * BUSY_WINDOW_S / period_s)):
        with usage.computing():
            clock.now += share * period_s
        clock.now += (1 - share) * period_s
    assert usage.report(1).busy == pytest.approx(share, abs=0.15)
