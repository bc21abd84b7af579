"""Admission on a simulated machine: what it holds is let in, the rest is refused; it learns and recovers."""

from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.admission.admission import RETRY_S, Admission
from sokuji.admission.provider_load import ProviderLoad
from sokuji.config import AdmissionSettings
from sokuji.contract import Effort, WorkerReport
from sokuji.errors import Overloaded
from tests.admission.simulation import Clock, Machine, SimulatedSession

COSTS = [0.02, 0.1, 0.2]
"""Machines that hold 50, 10 and 5 sessions, whatever is assumed of them first."""


def p95_s(sessions: list[SimulatedSession]) -> float:
    return quantiles([each for session in sessions for each in session.latencies_s], n=20)[-1]


def learned(cost: float, **options: int) -> Machine:
    """A machine that has served one session per gateway for a minute."""
    machine = Machine(cost=cost, **options)
    for each in machine.gateways:
        assert each.ask()
    machine.run(60)
    return machine


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("apart_s", [0.0, 0.25])
def test_four_times_what_the_machine_holds_is_served_as_at_capacity(cost: float, apart_s: float) -> None:
    machine = learned(cost)
    (gateway,) = machine.gateways
    for _ in range(round(4 * machine.holds)):
        gateway.ask()
        machine.run(apart_s)
    asked = len(gateway.sessions) + len(gateway.refusals) - 1
    assert asked == round(4 * machine.holds)
    assert 0.6 * machine.holds <= len(gateway.sessions) <= 1.15 * machine.holds
    machine.run(60)

    at_capacity = Machine(cost=cost, initial_sessions=10_000)
    while len(at_capacity.sessions) < round(machine.holds):
        assert at_capacity.gateways[0].ask()
    at_capacity.run(60)
    assert p95_s(machine.sessions) <= 1.5 * p95_s(at_capacity.sessions)


@pytest.mark.parametrize("sessions", [1, 8, 30])
def test_a_service_that_has_measured_nothing_takes_the_initial_number_at_once(sessions: int) -> None:
    machine = Machine(cost=0.1, initial_sessions=sessions)
    assert [machine.gateways[0].ask() for _ in range(sessions + 5)] == [True] * sessions + [False] * 5


@pytest.mark.parametrize("initial_sessions", [1, 100])
def test_a_wrong_start_value_is_soon_forgotten(initial_sessions: int) -> None:
    machine = Machine(cost=0.1, initial_sessions=initial_sessions)
    (gateway,) = machine.gateways
    gateway.ask()
    machine.run(60)
    while gateway.ask():
        pass
    assert 0.5 * machine.holds <= len(gateway.sessions) <= 1.2 * machine.holds


@pytest.mark.parametrize("cost", COSTS)
def test_two_gateways_let_in_together_what_one_would(cost: float) -> None:
    machine = learned(cost, gateways=2)
    for _ in range(round(2 * machine.holds)):
        for each in machine.gateways:
            each.ask()
    assert 0.5 * machine.holds <= len(machine.sessions) <= 1.2 * machine.holds


def test_a_gateway_without_sessions_knows_of_the_load_of_the_others() -> None:
    machine = learned(0.1, gateways=2)
    busy, idle = machine.gateways
    idle.end_all()
    for _ in range(round(machine.holds)):
        machine.run(8)
        busy.ask()
    machine.run(20)
    assert idle.load.busy == pytest.approx(busy.load.busy, rel=0.5)
    for _ in range(10):
        idle.ask()
    assert len(idle.sessions) <= 2


def test_sessions_that_stay_silent_make_room_for_others() -> None:
    machine = learned(0.1)
    (gateway,) = machine.gateways
    for _ in range(120):
        gateway.ask(silent=True)
        machine.run(2)
    assert len(gateway.sessions) > 2 * machine.holds


@pytest.mark.parametrize("cost", COSTS)
def test_there_is_room_again_within_seconds_after_the_load_has_gone(cost: float) -> None:
    machine = learned(cost)
    (gateway,) = machine.gateways
    while gateway.ask():
        pass
    machine.run(60)
    before = len(gateway.sessions)
    gateway.end_all()
    machine.run(10)
    let_in = sum(gateway.ask() for _ in range(before))
    assert let_in >= 0.6 * before


def test_a_refusal_says_what_is_full_and_when_to_try_again() -> None:
    machine = learned(0.1)
    (gateway,) = machine.gateways
    while gateway.ask():
        pass
    (refusal,) = gateway.refusals
    assert refusal.retry_after_s is not None
    assert RETRY_S[0] <= refusal.retry_after_s <= RETRY_S[1]
    assert "recognition (simulated)" in refusal.message
    assert f"try again in {refusal.retry_after_s:.0f} s" in refusal.message
    assert gateway.admission.state.refused == {"busy": 1}


def test_a_long_queue_is_a_reason_to_refuse_however_idle_the_workers_seem() -> None:
    clock = Clock()
    load = ProviderLoad("tts", clock)
    admission = Admission(AdmissionSettings(enabled=True, max_queue_wait_s=0.5), [load], clock=clock)
    kept = admission.admit()
    load.answered(Effort(queued_s=2.0, busy_s=0.1, batch_size=1))
    with pytest.raises(Overloaded, match=r"requests wait 2.0 s for speech synthesis") as refusal:
        admission.admit()
    assert refusal.value.retry_after_s is not None
    clock.now += refusal.value.retry_after_s + 0.1
    admission.admit()
    kept.end()


def test_nothing_is_refused_where_no_provider_reports_anything_or_admission_is_off() -> None:
    load = ProviderLoad("stt")
    admission = Admission(AdmissionSettings(enabled=True), [load])
    assert admission.state.capacity is None
    kept = [admission.admit() for _ in range(100)]
    load.described("x", WorkerReport(replica="a", workers=1, busy=1.0))
    with pytest.raises(Overloaded):
        admission.admit()
    admission.settings = AdmissionSettings(enabled=False)
    kept.append(admission.admit())
    assert admission.state.sessions == len(kept)


def test_a_session_that_is_dropped_before_it_runs_is_forgotten() -> None:
    admission = Admission(AdmissionSettings(enabled=True), [ProviderLoad("stt")])
    kept = admission.admit()
    admission.admit()
    assert admission.state.sessions == 1
    kept.end()
    assert admission.state.sessions == 0


reports = st.builds(
    WorkerReport,
    replica=st.sampled_from(["a", "b", "c"]),
    workers=st.integers(1, 16),
    busy=st.floats(0, 16),
)


def admits(
    report: WorkerReport, sessions: int, idle_s: float, chosen: AdmissionSettings, gateways: int = 1
) -> bool:
    """Whether another session is let in beside some that say nothing."""
    clock = Clock()
    load = ProviderLoad("stt", clock)
    admission = Admission(chosen, [load], lambda: gateways, clock)
    kept = [admission.enter() for _ in range(sessions)]
    clock.now += idle_s
    load.described("x", report)
    try:
        kept.append(admission.admit())
    except Overloaded:
        return False
    return True


@given(
    report=reports,
    more_busy=st.floats(0, 8),
    sessions=st.integers(0, 40),
    more_sessions=st.integers(0, 10),
    idle_s=st.floats(0, 300),
    max_load=st.floats(0.05, 1),
    initial=st.integers(1, 100),
)
def test_more_load_never_lets_in_what_less_load_refuses(
    report: WorkerReport,
    more_busy: float,
    sessions: int,
    more_sessions: int,
    idle_s: float,
    max_load: float,
    initial: int,
) -> None:
    chosen = AdmissionSettings(enabled=True, max_load=max_load, initial_sessions=initial)
    if not admits(report, sessions, idle_s, chosen):
        busier = WorkerReport(replica=report.replica, workers=report.workers, busy=report.busy + more_busy)
        assert not admits(busier, sessions + more_sessions, idle_s, chosen) or sessions == 0
        # What is reserved for those who say nothing is given up with time, never the other way round.
        assert not admits(report, sessions, idle_s / 2, chosen)


@given(report=reports, max_load=st.floats(0.05, 1), initial=st.integers(1, 100))
def test_the_first_session_is_let_in_unless_other_gateways_fill_the_workers(
    report: WorkerReport, max_load: float, initial: int
) -> None:
    chosen = AdmissionSettings(enabled=True, max_load=max_load, initial_sessions=initial)
    assert admits(report, 0, 0.0, chosen)
    assert admits(report, 0, 0.0, chosen, gateways=2) == (report.busy <= max_load * report.workers)
