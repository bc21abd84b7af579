"""The circuit breaker: when it opens, who may probe, and what it does not count."""

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


def told(breaker: CircuitBreaker) -> tuple[str, bool]:
    """Its state, and whether it admits a call."""
    return breaker.state, breaker.admits


def fail(breaker: CircuitBreaker, error: SokujiError | None = None) -> None:
    with pytest.raises(SokujiError), breaker.watching():
        raise error or ProviderFailed("broken")


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.watching():
        pass


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = CircuitBreaker("x", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
        fail(breaker)
        succeed(breaker)
    assert told(breaker) == ("closed", True)
    for _ in range(3):
        fail(breaker)
    assert told(breaker) == ("open", False)


def test_a_callers_mistake_shows_that_the_provider_is_well() -> None:
    breaker = CircuitBreaker("x", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
        fail(breaker, InvalidRequest("nonsense"))
    assert told(breaker)[0] == "closed"


def test_one_call_probes_after_a_while_and_its_end_decides() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 9.9
    assert told(breaker)[0] == "open"
    clock.now += 0.2
    assert told(breaker) == ("half_open", True)
    with pytest.raises(ProviderFailed), breaker.watching():
        assert not breaker.admits
        raise ProviderFailed("still broken")
    assert told(breaker) == ("open", False)
    clock.now += 10
    succeed(breaker)
    assert told(breaker)[0] == "closed"
    fail(breaker)
    assert told(breaker)[0] == "closed"


def test_a_probe_that_is_cancelled_leaves_room_for_the_next() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with pytest.raises(asyncio.CancelledError), breaker.watching():
        raise asyncio.CancelledError
    assert told(breaker) == ("half_open", True)


def test_a_probe_whose_answer_has_begun_leaves_room_for_the_next() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with breaker.watching() as begun:
        assert not breaker.admits
        begun()
        assert told(breaker) == ("half_open", True)
        with breaker.watching():
            assert not breaker.admits
            begun()
            assert not breaker.admits
    assert told(breaker)[0] == "closed"


def test_a_service_that_asks_for_a_longer_wait_gets_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker("x", Rules(), clock)
    for _ in range(3):
        fail(breaker, Overloaded("full", retry_after_s=60))
    clock.now += 59
    assert told(breaker)[0] == "open"
    clock.now += 1
    assert told(breaker)[0] == "half_open"


def test_other_rules_hold_from_the_next_failure_on() -> None:
    rules = Rules()
    breaker = CircuitBreaker("x", rules, Clock())
    fail(breaker)
    rules.settings = ResilienceSettings(circuit_breaker_threshold=2)
    fail(breaker)
    assert told(breaker)[0] == "open"


def test_a_probe_that_fails_opens_it_again_also_where_the_threshold_has_risen() -> None:
    rules, clock = Rules(), Clock()
    breaker = CircuitBreaker("x", rules, clock)
    for _ in range(3):
        fail(breaker)
    rules.settings = ResilienceSettings(circuit_breaker_threshold=100, circuit_breaker_reset_s=10)
    clock.now += 10
    fail(breaker)
    assert told(breaker) == ("open", False)


def test_the_log_tells_of_it_once_and_of_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sokuji.pipeline.circuit_breaker")
    breaker = CircuitBreaker("tts provider 1", Rules(), Clock())
    for _ in range(5):
        fail(breaker)
    succeed(breaker)
    assert [record.getMessage() for record in caplog.records] == [
        "tts provider 1: 3 failures in a row, the last one provider_failed; "
        "others are asked instead, if there are any",
        "tts provider 1 answers again",
    ]
