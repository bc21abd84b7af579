"""First chunks come first, then the listener who would run dry; who goes away costs nothing more."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import aclosing

import pytest

from sokuji.contract import AudioChunk
from sokuji.providers.tts.scheduling import Turns, workers

RATE = 1_000


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    """One chunk at a time."""
    turns = Turns("test", 1)
    yield turns
    turns.shutdown()


class Made:
    """What was made, in order; nothing is made before ``go``."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.go = threading.Event()

    def chunks(self, name: str, *seconds: float) -> Generator[AudioChunk]:
        for number, length in enumerate(seconds):
            assert self.go.wait(10)
            self.order.append(f"{name}{number}")
            yield AudioChunk(bytes(2 * int(length * RATE)), RATE, number == len(seconds) - 1)


async def hear(turns: Turns, chunks: Generator[AudioChunk]) -> list[AudioChunk]:
    return [chunk async for chunk in turns.stream(chunks)]


async def test_first_chunks_come_first_then_the_listener_who_would_run_dry(turns: Turns) -> None:
    made = Made()
    heard = [
        asyncio.create_task(hear(turns, made.chunks("a", 50, 1, 1))),
        asyncio.create_task(hear(turns, made.chunks("b", 10, 100, 1))),
        asyncio.create_task(hear(turns, made.chunks("c", 30, 1, 1))),
    ]
    await asyncio.sleep(0)
    made.go.set()
    assert [len(chunks) for chunks in await asyncio.gather(*heard)] == [3, 3, 3]
    assert made.order == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]


async def test_a_newcomer_is_heard_before_anybody_goes_on(turns: Turns) -> None:
    made = Made()
    made.go.set()
    async with aclosing(turns.stream(made.chunks("a", 1, 1, 1))) as early:
        await anext(early)
        made.go.clear()
        going_on = asyncio.ensure_future(anext(early))
        await asyncio.sleep(0)
        others = [asyncio.create_task(hear(turns, made.chunks(name, 1, 1))) for name in "bc"]
        await asyncio.sleep(0)
        made.go.set()
        await going_on
        await asyncio.gather(*others)
    assert made.order == ["a0", "a1", "b0", "c0", "b1", "c1"]


async def test_who_goes_away_while_waiting_costs_nothing(turns: Turns) -> None:
    made = Made()
    staying = asyncio.create_task(hear(turns, made.chunks("a", 1, 1)))
    leaving = asyncio.create_task(hear(turns, made.chunks("b", 1, 1)))
    await asyncio.sleep(0)
    leaving.cancel()
    made.go.set()
    await staying
    assert made.order == ["a0", "a1"]


async def test_who_goes_away_while_it_is_made_leaves_the_place_to_others(turns: Turns) -> None:
    made = Made()
    leaving = asyncio.create_task(hear(turns, made.chunks("a", 1, 1)))
    staying = asyncio.create_task(hear(turns, made.chunks("b", 1)))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0)
    assert not leaving.done()
    made.go.set()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert made.order == ["a0", "b0"]


async def test_the_number_of_threads_changes_at_once(turns: Turns) -> None:
    together = threading.Barrier(2, timeout=10)

    def chunks() -> Generator[AudioChunk]:
        together.wait()
        yield AudioChunk(b"", RATE, True)

    both = [asyncio.create_task(hear(turns, chunks())) for _ in range(2)]
    await asyncio.sleep(0)
    assert together.n_waiting <= 1
    turns.at_once = 2
    assert [len(chunks) for chunks in await asyncio.gather(*both)] == [1, 1]


async def test_the_first_chunk_says_how_long_it_waited_and_took(turns: Turns) -> None:
    made = Made()
    heard = [asyncio.create_task(hear(turns, made.chunks(name, 1, 1))) for name in "ab"]
    await asyncio.sleep(0.02)
    made.go.set()
    (first, later), (other, _) = await asyncio.gather(*heard)
    assert first.effort is not None
    assert other.effort is not None
    assert first.effort.busy_s > 0.01
    assert other.effort.queued_s > max(0.01, first.effort.queued_s)
    assert other.effort.batch_size == 1
    assert later.effort is None


async def test_a_failure_reaches_its_caller_alone(turns: Turns) -> None:
    made = Made()
    made.go.set()

    def broken() -> Generator[AudioChunk]:
        yield AudioChunk(b"", RATE, False)
        raise ValueError("broken")

    results = await asyncio.gather(
        hear(turns, broken()), hear(turns, made.chunks("a", 1)), return_exceptions=True
    )
    assert isinstance(results[0], ValueError)
    assert made.order == ["a0"]


async def test_nobody_waits_for_ever_after_the_end() -> None:
    turns, made = Turns("test", 1), Made()
    running = asyncio.create_task(hear(turns, made.chunks("a", 1, 1)))
    waiting = asyncio.create_task(hear(turns, made.chunks("b", 1)))
    await asyncio.sleep(0.01)
    turns.shutdown()
    made.go.set()
    with pytest.raises(RuntimeError, match="after shutdown"):
        await waiting
    with pytest.raises(RuntimeError, match="after shutdown"):
        await running


def test_as_many_as_there_are_cores_unless_told_otherwise() -> None:
    assert workers(7) == 7
    assert 1 <= workers(0) <= 4
