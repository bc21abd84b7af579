"""Calls beyond the limit of a minute are refused before a handler runs."""

import pytest

from sokuji.access.request_window import SlidingWindow
from sokuji.config import GatewaySettings, Limits
from sokuji.errors import RateLimited
from tests.support.rest_client import error_of, rest_client


class SettableClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_refused_client_is_admitted_again_when_its_oldest_call_is_a_minute_old() -> None:
    clock = SettableClock()
    window = SlidingWindow(clock)
    for second in (0, 10, 20):
        clock.now = 1_000 + second
        await window.admit("a", 3)
    clock.now = 1_030
    with pytest.raises(RateLimited) as refusal:
        await window.admit("a", 3)
    assert refusal.value.retry_after_s == 30
    clock.now = 1_060
    await window.admit("a", 3)
    with pytest.raises(RateLimited) as refusal:
        await window.admit("a", 3)
    assert refusal.value.retry_after_s == 10


async def test_each_client_has_a_window_of_its_own_that_is_dropped_after_an_idle_minute() -> None:
    clock = SettableClock()
    window = SlidingWindow(clock)
    for number in range(100):
        await window.admit(f"client {number}", 1)
    assert window.clients == 100
    clock.now += 60
    await window.admit("another", 1)
    assert window.clients == 1


async def test_what_a_client_may_still_call_grows_as_its_calls_age() -> None:
    clock = SettableClock()
    window = SlidingWindow(clock)
    left = []
    for second in (0, 10, 60, 120):
        clock.now = 1_000 + second
        left.append((await window.admit("a", 3)).remaining)
    assert left == [2, 1, 1, 2]
    assert await window.admit("b", 3) == ("requests", 3, 2, 60.0)


async def test_calls_over_the_limit_are_refused_but_probes_are_not() -> None:
    async with rest_client(requests_per_minute=2) as (client, _):
        statuses = [(await client.get("/api/v1/stt/languages")).status_code for _ in range(2)]
        refused = await client.get("/api/v1/stt/languages")
        assert (await client.get("/health")).status_code == 200
    assert statuses == [200, 200]
    assert error_of(refused) == (429, "rate_limited", None)
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_a_changed_limit_holds_from_the_next_call_on() -> None:
    async with rest_client(requests_per_minute=1) as (client, service):
        await client.get("/api/v1/info")
        assert (await client.get("/api/v1/info")).status_code == 429
        service.apply(GatewaySettings(limits=Limits(requests_per_minute=0)))
        assert (await client.get("/api/v1/info")).json()["limits"]["requests_per_minute"] == 0


async def test_new_sockets_count_as_calls() -> None:
    async with rest_client(requests_per_minute=1) as (client, service):
        await service.admit("127.0.0.1")
        assert error_of(await client.get("/api/v1/info"))[0] == 429
