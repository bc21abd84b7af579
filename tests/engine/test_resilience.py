"""Deadlines and retries: what is repeated, what is not, and that streams neither repeat nor lose items."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sokuji.errors import DeadlineExceeded, ProviderFailed, ProviderUnavailable
from sokuji.resilience import call, stream


async def test_a_lost_call_is_made_again() -> None:
    tries = 0

    async def attempt() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ProviderUnavailable("gone")
        return "answer"

    assert await call(attempt, deadline_s=5, what="x") == "answer"
    assert tries == 3


async def test_a_failure_is_not_repeated() -> None:
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        raise ProviderFailed("broken")

    with pytest.raises(ProviderFailed):
        await call(attempt, deadline_s=5, what="x")
    assert tries == 1


async def test_a_call_without_answer_and_one_that_is_lost_for_ever_end_at_the_deadline() -> None:
    async def gone() -> None:
        raise ProviderUnavailable("gone")

    with pytest.raises(DeadlineExceeded, match="x did not answer within 0.2 s"):
        await call(lambda: asyncio.sleep(30), deadline_s=0.2, what="x")
    with pytest.raises(ProviderUnavailable):
        await call(gone, deadline_s=0.2, what="x")


async def test_a_stream_that_breaks_off_is_begun_again_without_repeating_or_losing_items() -> None:
    breaks = [1, 3]

    async def attempt() -> AsyncIterator[int]:
        limit = breaks.pop(0) if breaks else 99
        for item in range(5):
            if item == limit:
                raise ProviderUnavailable("gone")
            yield item

    assert [item async for item in stream(attempt, deadline_s=5, what="x")] == [0, 1, 2, 3, 4]


async def test_the_deadline_of_a_stream_is_for_each_item_and_does_not_count_a_slow_reader() -> None:
    async def attempt() -> AsyncIterator[int]:
        for item in range(3):
            yield item
        await asyncio.sleep(30)
        yield 3

    seen = []
    with pytest.raises(DeadlineExceeded):
        async for item in stream(attempt, deadline_s=0.2, what="x"):
            seen.append(item)
            await asyncio.sleep(0.3)
    assert seen == [0, 1, 2]


async def test_closing_a_stream_closes_its_source() -> None:
    closed = asyncio.Event()

    async def attempt() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = stream(attempt, deadline_s=5, what="x")
    assert await anext(items) == 1
    await items.aclose()
    assert closed.is_set()
