"""A limiter never exceeds its limit, serves waiters in order, and loses no slot to a cancelled task."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.api.concurrency_limiter import ConcurrencyLimiter, KeyedLimiter
from sokuji.errors import Overloaded


class Holders:
    """Tasks that wait for a slot and then hold it until they are told to release it."""

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self._limiter = limiter
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._releases: dict[int, asyncio.Event] = {}
        self.waiting: list[int] = []
        self.holding: list[int] = []

    @property
    def started(self) -> int:
        return len(self._tasks)

    def start(self) -> None:
        number = len(self._tasks)
        self._releases[number] = asyncio.Event()
        self._tasks[number] = asyncio.create_task(self._hold(number))

    def release(self, number: int) -> None:
        self._releases[number].set()

    def cancel(self, number: int) -> None:
        self._tasks[number].cancel()

    async def finish(self) -> None:
        for number in self._tasks:
            self.release(number)
        await asyncio.wait_for(asyncio.gather(*self._tasks.values(), return_exceptions=True), 10)

    async def _hold(self, number: int) -> None:
        self.waiting.append(number)
        try:
            async with self._limiter:
                self.waiting.remove(number)
                self.holding.append(number)
                try:
                    await self._releases[number].wait()
                finally:
                    self.holding.remove(number)
        finally:
            if number in self.waiting:
                self.waiting.remove(number)


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(5):
        await asyncio.sleep(0)


async def started(limit: int, tasks: int) -> tuple[ConcurrencyLimiter, Holders]:
    limiter = ConcurrencyLimiter(limit)
    holders = Holders(limiter)
    for _ in range(tasks):
        holders.start()
    await settle()
    return limiter, holders


async def test_waiters_get_slots_in_the_order_in_which_they_came() -> None:
    limiter, holders = await started(limit=2, tasks=4)
    assert holders.holding == [0, 1]
    holders.release(1)
    await settle()
    assert holders.holding == [0, 2]
    await holders.finish()
    assert limiter.in_use == 0


async def test_a_raised_limit_admits_the_waiters_at_once() -> None:
    limiter, holders = await started(limit=1, tasks=5)
    limiter.resize(3)
    await settle()
    assert holders.holding == [0, 1, 2]
    await holders.finish()


async def test_a_lowered_limit_admits_nobody_until_enough_slots_are_released() -> None:
    limiter, holders = await started(limit=3, tasks=5)
    limiter.resize(1)
    for number in (0, 1):
        holders.release(number)
        await settle()
    assert holders.holding == [2]
    holders.release(2)
    await settle()
    assert holders.holding == [3]
    await holders.finish()


async def test_a_waiter_that_is_cancelled_takes_no_slot() -> None:
    limiter, holders = await started(limit=1, tasks=3)
    holders.cancel(1)
    holders.release(0)
    await settle()
    assert (holders.holding, limiter.in_use) == ([2], 1)
    await holders.finish()


async def test_a_waiter_that_is_cancelled_just_after_it_was_given_a_slot_passes_it_on() -> None:
    limiter, holders = await started(limit=1, tasks=3)
    limiter.resize(2)
    # Task 1 has been given the new slot and has not run since.
    assert (holders.holding, limiter.in_use) == ([0], 2)
    holders.cancel(1)
    await settle()
    assert (holders.holding, limiter.in_use) == ([0, 2], 2)
    await holders.finish()
    assert limiter.in_use == 0


async def test_a_slot_that_is_not_free_is_refused_with_the_given_error() -> None:
    limiter = ConcurrencyLimiter(1)
    with limiter.slot_or_raise(Overloaded("full")):
        with pytest.raises(Overloaded, match="full"), limiter.slot_or_raise(Overloaded("full")):
            pass
        assert limiter.in_use == 1
    with limiter.slot_or_raise(Overloaded("full")):
        pass
    assert limiter.in_use == 0


ACTIONS = st.one_of(
    st.tuples(st.just("start"), st.none()),
    st.tuples(st.just("resize"), st.integers(1, 4)),
    st.tuples(st.sampled_from(["release", "cancel"]), st.integers(0, 8)),
)
SIMULTANEOUS = st.lists(ACTIONS, min_size=1, max_size=5)
"""Actions between which no task runs."""


def perform(limiter: ConcurrencyLimiter, holders: Holders, action: str, number: int | None) -> None:
    if number is None:
        holders.start()
    elif action == "resize":
        limiter.resize(number)
    elif number < holders.started:
        {"release": holders.release, "cancel": holders.cancel}[action](number)


@given(st.lists(SIMULTANEOUS, max_size=12))
@settings(deadline=None)
async def test_slots_are_neither_lost_nor_given_twice_in_any_order_of_events(
    history: list[list[tuple[str, int | None]]],
) -> None:
    limiter = ConcurrencyLimiter(2)
    holders = Holders(limiter)
    for actions in history:
        bound = max(limiter.limit, len(holders.holding))
        for action, number in actions:
            perform(limiter, holders, action, number)
            bound = max(bound, limiter.limit)
        await settle()
        assert len(holders.holding) == limiter.in_use <= bound
        assert not holders.waiting or limiter.in_use >= limiter.limit, "a slot is free and a task waits"
    await holders.finish()
    assert limiter.in_use == 0


def test_each_key_has_slots_of_its_own_until_nobody_uses_it() -> None:
    limiter, refusal = KeyedLimiter(1), Overloaded("full")
    with limiter.of("a") as first, limiter.of("a") as same, limiter.of("b") as other:
        assert first is same
        with first.slot_or_raise(refusal), other.slot_or_raise(refusal):
            with pytest.raises(Overloaded), same.slot_or_raise(refusal):
                pass
            limiter.resize(2)
            with same.slot_or_raise(refusal):
                pass
        assert len(limiter) == 2
    assert not len(limiter)
    with limiter.of("a") as later:
        assert later.limit == 2
