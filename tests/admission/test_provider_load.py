"""What a gateway knows of a provider: the last report of each replica, and how long it is worth something."""

import pytest

from sokuji.admission.provider_load import FORGET_S, FRESH_S, ProviderLoad
from sokuji.contract import Effort, WorkerReport
from tests.admission.simulation import Clock


def report(replica: str = "a", workers: int = 2, busy: float = 1.0) -> WorkerReport:
    return WorkerReport(replica=replica, workers=workers, busy=busy)


def answer(queued_s: float, work_s: float = 0.1, *, reported: WorkerReport | None = None) -> Effort:
    return Effort(queued_s=queued_s, busy_s=work_s, batch_size=1, work_s=work_s, report=reported)


def test_the_last_report_of_each_replica_counts() -> None:
    load = ProviderLoad("stt", Clock())
    for each in (report("a"), report("b", 4, 0.5), report("a", 2, 1.5)):
        load.described("x", each)
    assert (load.replicas, load.workers) == (2, 6)
    assert load.busy == pytest.approx(2.0)


def test_a_report_holds_until_the_next_may_be_expected_and_then_fades() -> None:
    clock = Clock()
    load = ProviderLoad("stt", clock)
    load.answered(answer(0.0, reported=report()))
    clock.now += FRESH_S
    assert load.busy == pytest.approx(1.0)
    clock.now += 10
    assert 0 < load.busy < 0.5
    clock.now += FORGET_S
    assert (load.replicas, load.workers, load.busy) == (0, 0, 0)


def test_only_what_somebody_waited_for_counts_as_work_and_as_a_wait() -> None:
    load = ProviderLoad("tts", Clock())
    load.answered(answer(2.0, 0.5))
    load.answered(answer(0.0, 0.25), first=False)
    load.answered(answer(60.0, 60.0), urgent=False)
    load.answered(None)
    assert load.work_s == 0.75
    assert load.wait_s == pytest.approx(2.0)


def test_a_wait_is_forgotten_although_no_shorter_one_follows() -> None:
    clock = Clock()
    load = ProviderLoad("tts", clock)
    assert load.wait_s == 0
    load.answered(answer(4.0))
    waits = []
    for _ in range(4):
        clock.now += 10
        waits.append(load.wait_s)
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] < 0.1
