"""The circuit breaker: when it opens, which call probes, and which errors do not count."""

import asyncio
import logging
from functools import partial

import pytest

from sokuji.config import ResilienceSettings
from sokuji.errors import (
    DeadlineExceeded,
    InvalidRequest,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    ReplicaLost,
    SokujiError,
)
from sokuji.pipeline.circuit_breaker import CircuitBreaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Rules:
    settings = ResilienceSettings(circuit_breaker_threshold=3, circuit_breaker_reset_s=10)

    def __call__(self) -> ResilienceSettings:
        return self.settings


def observed(breaker: CircuitBreaker) -> tuple[str, bool]:
    """The state, and whether the breaker admits a call."""
    return breaker.state, breaker.admits


def fail(breaker: CircuitBreaker, error: SokujiError | None = None) -> None:
    with pytest.raises(SokujiError), breaker.calling():
        raise error or ProviderFailed("broken")


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.calling():
        pass


def test_it_opens_after_the_threshold_of_failures_in_a_row_and_not_before() -> None:
    breaker = CircuitBreaker("x", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
        fail(breaker)
        succeed(breaker)
    assert observed(breaker) == ("closed", True)
    for _ in range(3):
        fail(breaker)
    assert observed(breaker) == ("open", False)


def test_a_refused_request_does_not_count_as_a_failure() -> None:
    breaker = CircuitBreaker("x", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
        fail(breaker, InvalidRequest("nonsense"))
    assert observed(breaker)[0] == "closed"


def test_after_the_open_time_one_call_probes_and_its_outcome_decides() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 9.9
    assert observed(breaker)[0] == "open"
    clock.now += 0.2
    assert observed(breaker) == ("half_open", True)
    with pytest.raises(ProviderFailed), breaker.calling():
        assert not breaker.admits
        raise ProviderFailed("still broken")
    assert observed(breaker) == ("open", False)
    clock.now += 10
    succeed(breaker)
    assert observed(breaker)[0] == "closed"
    fail(breaker)
    assert observed(breaker)[0] == "closed"


def test_after_a_cancelled_probe_another_call_may_probe() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with pytest.raises(asyncio.CancelledError), breaker.calling():
        raise asyncio.CancelledError
    assert observed(breaker) == ("half_open", True)


def test_after_the_answer_of_a_probe_has_begun_another_call_may_probe() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with breaker.calling() as begun:
        assert not breaker.admits
        begun()
        assert observed(breaker) == ("half_open", True)
        with breaker.calling():
            assert not breaker.admits
            begun()
            assert not breaker.admits
    assert observed(breaker)[0] == "closed"


def test_a_longer_retry_after_of_the_service_extends_the_open_time() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker, Overloaded("full", retry_after_s=60))
    clock.now += 59
    assert observed(breaker)[0] == "open"
    clock.now += 1
    assert observed(breaker)[0] == "half_open"


def gone(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        fail(breaker, ReplicaLost("gone"))
    assert observed(breaker) == ("open", False)


def test_a_provider_that_was_gone_is_probed_as_soon_as_it_describes_itself() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    gone(breaker)
    clock.now += 4
    breaker.described()
    assert observed(breaker) == ("half_open", True)
    assert not breaker.outage.is_on
    fail(breaker, ReplicaLost("again"))
    assert observed(breaker) == ("open", False)
    breaker.described()
    succeed(breaker)
    assert observed(breaker) == ("closed", True)


def test_calls_that_are_too_slow_and_a_missed_description_show_that_it_is_gone_in_either_order() -> None:
    for misses_first in (False, True):
        breaker = CircuitBreaker("x", Rules(), Clock())
        if misses_first:
            breaker.missed()
        for _ in range(3):
            fail(breaker, DeadlineExceeded("no answer"))
        breaker.missed()
        assert breaker.outage.is_on
        breaker.described()
        assert observed(breaker) == ("half_open", True)


def test_a_description_proves_nothing_about_a_model_that_fails_or_a_service_that_cannot_be_reached() -> None:
    for error in (ProviderFailed("broken"), ProviderUnavailable("no route"), DeadlineExceeded("slow")):
        breaker = CircuitBreaker("x", Rules(), Clock())
        for _ in range(3):
            fail(breaker, error)
        breaker.described()
        assert observed(breaker) == ("open", False)


def test_a_provider_that_comes_back_is_not_called_before_its_service_allows_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    fail(breaker, Overloaded("full", retry_after_s=8))
    gone(breaker)
    clock.now += 4
    breaker.described()
    assert observed(breaker) == ("open", False)
    clock.now += 4
    assert observed(breaker) == ("half_open", True)


def test_one_of_several_replicas_that_is_lost_is_no_outage() -> None:
    for replicas, is_gone in ((2, False), (1, True), (0, True)):
        breaker = CircuitBreaker("x", Rules(), Clock(), partial(int, replicas))
        fail(breaker, ReplicaLost("gone"))
        assert breaker.outage.is_on == is_gone
        succeed(breaker)
        assert not breaker.outage.is_on


def test_what_gives_way_to_others_says_nothing_about_a_provider_that_is_slow() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(9):
        with pytest.raises(DeadlineExceeded), breaker.calling(urgent=False):
            raise DeadlineExceeded("others were first")
        with breaker.calling(urgent=False):
            clock.now += 60
    assert observed(breaker) == ("closed", True)
    assert breaker.answer_s is None
    for _ in range(3):
        with pytest.raises(ProviderFailed), breaker.calling(urgent=False):
            raise ProviderFailed("broken")
    assert observed(breaker) == ("open", False)


def test_the_time_of_an_answer_is_that_to_its_first_part() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    with breaker.calling() as begun:
        clock.now += 2
        begun()
        clock.now += 60
        begun()
    assert breaker.answer_s == 2
    with breaker.calling():
        clock.now += 4
    assert breaker.answer_s == pytest.approx(2.6)


def test_new_settings_take_effect_with_the_next_failure() -> None:
    rules = Rules()
    breaker = CircuitBreaker("x", rules, Clock())
    fail(breaker)
    rules.settings = ResilienceSettings(circuit_breaker_threshold=2)
    fail(breaker)
    assert observed(breaker)[0] == "open"


def test_a_failed_probe_opens_it_again_even_if_the_threshold_has_risen() -> None:
    rules, clock = Rules(), Clock()
    breaker = CircuitBreaker("x", rules, clock)
    for _ in range(3):
        fail(breaker)
    rules.settings = ResilienceSettings(circuit_breaker_threshold=100, circuit_breaker_reset_s=10)
    clock.now += 10
    fail(breaker)
    assert observed(breaker) == ("open", False)


def test_opening_and_closing_are_logged_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sokuji.pipeline.circuit_breaker")
    breaker = CircuitBreaker("tts provider 1", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
    succeed(breaker)
    assert [record.getMessage() for record in caplog.records] == [
        "tts provider 1: 3 failures in a row, the last one provider_failed; "
        "other providers are called instead, if any",
        "tts provider 1 answers again",
    ]
