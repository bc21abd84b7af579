"""What keys may use: refused beyond it, charged with what was used, in memory and in Redis."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.access.new_key import make_key
from sokuji.access.quotas import Quotas, Resource, daily_limit
from sokuji.access.shared_counts import SharedCounts
from sokuji.config.keys import Key, KeyLimits, KeyScope
from sokuji.errors import RateLimited, TooManySessions, UsageExceeded

CHARACTERS, AUDIO = Resource.CHARACTERS, Resource.AUDIO


def key_with(**limits: float) -> Key:
    return make_key("a", KeyScope, KeyLimits.model_validate(limits)).key


async def used_up(quotas: Quotas, key: Key, resource: Resource, amount: int) -> bool:
    """Whether less than ``amount`` is left."""
    try:
        await quotas.reserve(key, resource, amount)
    except UsageExceeded:
        return True
    quotas.release(key, resource, amount)
    return False


async def test_requests_beyond_the_limit_are_refused_and_each_key_has_its_own(counts: SharedCounts) -> None:
    quotas, key, other = Quotas(counts), key_with(requests_per_minute=2), key_with(requests_per_minute=2)
    left = [await quotas.admit_request(key) for _ in range(2)]
    assert [(each.limit, each.remaining) for each in left if each] == [(2, 1), (2, 0)]
    for _ in range(3):
        with pytest.raises(RateLimited) as refusal:
            await quotas.admit_request(key)
        assert 0 < (refusal.value.retry_after_s or 0) <= 60
    allowance = await quotas.admit_request(other)
    assert allowance is not None
    assert allowance.remaining == 1
    assert await quotas.admit_request(key_with()) is None


async def test_addresses_are_counted_apart_from_keys(counts: SharedCounts) -> None:
    quotas, address = Quotas(counts), key_with().id
    assert (await quotas.admit_address(address, 1)).remaining == 0
    with pytest.raises(RateLimited):
        await quotas.admit_address(address, 1)
    assert (await quotas.admit_address(f"{address}1", 1)).remaining == 0


async def test_a_day_is_used_up_by_what_was_charged(counts: SharedCounts) -> None:
    quotas, key = Quotas(counts), key_with(characters_per_day=10, audio_minutes_per_day=0.5)
    await quotas.charge(key, CHARACTERS, 4)
    left = await quotas.allowance(key, CHARACTERS)
    assert left is not None
    assert left[:3] == ("characters", 10, 6)
    assert left.reset_s == pytest.approx(86_400, abs=60)
    assert not await used_up(quotas, key, CHARACTERS, 6)
    with pytest.raises(UsageExceeded, match=r"may use 10, and 6 characters are left") as refusal:
        await quotas.reserve(key, CHARACTERS, 7)
    assert refusal.value.param == "characters_per_day"
    assert refusal.value.retry_after_s == pytest.approx(86_400, abs=60)
    with pytest.raises(UsageExceeded):
        await quotas.charge(key, CHARACTERS, 7)
    assert await used_up(quotas, key, CHARACTERS, 1), "it was counted all the same"
    await quotas.charge(key, AUDIO, 29_000)
    allowance = await quotas.allowance(key, AUDIO)
    assert allowance is not None
    assert allowance[:3] == ("audio-seconds", 30, 1)


async def test_what_is_in_progress_counts_until_it_is_released(counts: SharedCounts) -> None:
    quotas, key = Quotas(counts), key_with(characters_per_day=10)
    await quotas.reserve(key, CHARACTERS, 6)
    assert await used_up(quotas, key, CHARACTERS, 5)
    quotas.release(key, CHARACTERS, 6)
    assert not await used_up(quotas, key, CHARACTERS, 10)


async def test_replicas_count_together_in_redis_and_alone_without(counts: SharedCounts) -> None:
    counts_of_other = SharedCounts(counts.redis_url)
    one, other = Quotas(counts), Quotas(counts_of_other)
    shared = bool(counts.redis_url)
    key = key_with(characters_per_day=10, requests_per_minute=1, sessions=1)
    await one.charge(key, CHARACTERS, 10)
    assert await used_up(other, key, CHARACTERS, 1) == shared
    await one.admit_request(key)
    await one.hold_session(key, "one")
    refused = 0
    for attempt in (other.admit_request(key), other.hold_session(key, "other")):
        try:
            await attempt
        except RateLimited:
            refused += 1
    assert refused == (2 if shared else 0)
    await counts_of_other.close()


async def test_sessions_end_and_may_be_held_again(counts: SharedCounts) -> None:
    quotas, key = Quotas(counts), key_with(sessions=2)
    for holder in ("a", "b", "a"):
        await quotas.hold_session(key, holder)
    with pytest.raises(TooManySessions) as refusal:
        await quotas.hold_session(key, "c")
    assert (refusal.value.status, refusal.value.close_code) == (429, 1013)
    for holder in ("a", "a", "unknown"):
        await quotas.end_session(key, holder)
    await quotas.hold_session(key, "c")


async def test_without_limits_nothing_is_counted(counts: SharedCounts) -> None:
    quotas, key = Quotas(counts), key_with()
    await quotas.charge(key, CHARACTERS, 10**9)
    await quotas.reserve(key, AUDIO, 10**9)
    for holder in map(str, range(50)):
        await quotas.hold_session(key, holder)
    assert await quotas.allowance(key, CHARACTERS) is None


@given(
    st.integers(1, 100),
    st.lists(st.tuples(st.sampled_from(["use", "fail", "charge"]), st.integers(1, 60)), max_size=30),
)
def test_no_order_of_requests_gets_more_than_the_limit(limit: int, requests: list[tuple[str, int]]) -> None:
    async def run() -> None:
        quotas, key, used = Quotas(SharedCounts()), key_with(characters_per_day=limit), 0
        for kind, amount in requests:
            if kind == "charge":
                try:
                    await quotas.charge(key, CHARACTERS, amount)
                except UsageExceeded:
                    assert used + amount > limit
                used += amount
                continue
            try:
                await quotas.reserve(key, CHARACTERS, amount)
            except UsageExceeded:
                assert used + amount > limit
                continue
            assert used + amount <= limit
            quotas.release(key, CHARACTERS, amount)
            if kind == "use":
                await quotas.charge(key, CHARACTERS, amount)
                used += amount

    asyncio.run(run())


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60), st.integers(1, 5))
def test_never_are_there_more_sessions_than_the_limit(steps: list[tuple[bool, int]], limit: int) -> None:
    async def run() -> None:
        quotas, key, held = Quotas(SharedCounts()), key_with(sessions=limit), set[str]()
        for takes, number in steps:
            holder = str(number)
            if not takes:
                await quotas.end_session(key, holder)
                held.discard(holder)
                continue
            try:
                await quotas.hold_session(key, holder)
            except TooManySessions:
                assert holder not in held
                assert len(held) == limit
            else:
                held.add(holder)
            assert len(held) <= limit

    asyncio.run(run())


@pytest.mark.parametrize(("minutes", "ms"), [(0.5, 30_000), (1e-9, 1), (600, 36_000_000)])
def test_minutes_are_counted_in_milliseconds(minutes: float, ms: int) -> None:
    assert daily_limit(key_with(audio_minutes_per_day=minutes), AUDIO) == ms
