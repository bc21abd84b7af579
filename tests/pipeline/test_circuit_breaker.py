"""The circuit breaker: when it opens, which call probes, and which errors do not count."""

import asyncio
import logging

import pytest

from sokuji.config import ResilienceSettings
from sokuji.errors import InvalidRequest, Overloaded, ProviderFailed, SokujiError
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
