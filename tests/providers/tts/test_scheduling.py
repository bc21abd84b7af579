"""The order in which requests synthesise their chunks, and requests that are cancelled or fail."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import aclosing

import pytest

from sokuji.contract import ANONYMOUS, AudioChunk, StageRequest
from sokuji.providers.tts.scheduling import SynthesisScheduler, synthesis_count

RATE = 1_000


@pytest.fixture
async def scheduler() -> AsyncIterator[SynthesisScheduler]:
    """One chunk at a time."""
    scheduler = SynthesisScheduler("test", 1)
    yield scheduler
    scheduler.shutdown()


class Synthesis:
    """Records the order in which chunks are synthesised; none is before ``go`` is set."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.go = threading.Event()

    def chunks(self, name: str, *seconds: float) -> Generator[AudioChunk]:
        for number, length in enumerate(seconds):
            assert self.go.wait(10)
            self.order.append(f"{name}{number}")
            yield AudioChunk(bytes(2 * int(length * RATE)), RATE, number == len(seconds) - 1)


async def collect(
    scheduler: SynthesisScheduler, chunks: Generator[AudioChunk], request: StageRequest = ANONYMOUS
) -> list[AudioChunk]:
    return [chunk async for chunk in scheduler.stream(chunks, request)]


async def test_first_chunks_go_first_then_the_request_whose_audio_runs_out_first(
    scheduler: SynthesisScheduler,
) -> None:
    synthesis = Synthesis()
    results = [
        asyncio.create_task(collect(scheduler, synthesis.chunks("a", 50, 1, 1))),
        asyncio.create_task(collect(scheduler, synthesis.chunks("b", 10, 100, 1))),
        asyncio.create_task(collect(scheduler, synthesis.chunks("c", 30, 1, 1))),
    ]
    await asyncio.sleep(0)
    synthesis.go.set()
    assert [len(chunks) for chunks in await asyncio.gather(*results)] == [3, 3, 3]
    assert synthesis.order == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]


async def test_the_first_chunk_of_a_new_request_precedes_later_chunks_of_others(
    scheduler: SynthesisScheduler,
) -> None:
    synthesis = Synthesis()
    synthesis.go.set()
    async with aclosing(scheduler.stream(synthesis.chunks("a", 1, 1, 1), ANONYMOUS)) as early:
        await anext(early)
        synthesis.go.clear()
        going_on = asyncio.ensure_future(anext(early))
        await asyncio.sleep(0)
        others = [asyncio.create_task(collect(scheduler, synthesis.chunks(name, 1, 1))) for name in "bc"]
        await asyncio.sleep(0)
        synthesis.go.set()
        await going_on
        await asyncio.gather(*others)
    assert synthesis.order == ["a0", "a1", "b0", "c0", "b1", "c1"]


async def test_live_speech_goes_before_files_which_take_turns(scheduler: SynthesisScheduler) -> None:
    synthesis = Synthesis()
    files = [StageRequest(caller=name, deferrable=True) for name in "ab"]
    results = [
        # The second request of the first file, and each longer than the last: playback does not matter.
        asyncio.create_task(collect(scheduler, synthesis.chunks(name, *[9 - number] * 2), files[file]))
        for number, (name, file) in enumerate([("a", 0), ("A", 0), ("b", 1)])
    ]
    await asyncio.sleep(0)
    results.append(asyncio.create_task(collect(scheduler, synthesis.chunks("live", 60, 60, 60))))
    await asyncio.sleep(0)
    synthesis.go.set()
    await asyncio.gather(*results)
    assert synthesis.order[:2] == ["a0", "live0"]
    # Between two chunks of live speech there is time for one of the files'.
    assert synthesis.order.index("live2") <= 5
    of_files = [name for name in synthesis.order if not name.startswith("live")]
    assert of_files == ["a0", "b0", "A0", "b1", "a1", "A1"]


async def test_what_is_deferrable_does_not_count_as_load(scheduler: SynthesisScheduler) -> None:
    synthesis = Synthesis()
    synthesis.go.set()
    (chunk,) = await collect(scheduler, synthesis.chunks("file", 1), StageRequest(deferrable=True))
    assert chunk.effort is not None
    assert chunk.effort.work_s > 0
    assert scheduler.report().busy == 0


async def test_a_request_cancelled_while_it_waits_is_not_synthesised(scheduler: SynthesisScheduler) -> None:
    synthesis = Synthesis()
    staying = asyncio.create_task(collect(scheduler, synthesis.chunks("a", 1, 1)))
    leaving = asyncio.create_task(collect(scheduler, synthesis.chunks("b", 1, 1)))
    await asyncio.sleep(0)
    leaving.cancel()
    synthesis.go.set()
    await staying
    assert synthesis.order == ["a0", "a1"]


async def test_a_request_cancelled_during_a_chunk_releases_its_slot(scheduler: SynthesisScheduler) -> None:
    synthesis = Synthesis()
    leaving = asyncio.create_task(collect(scheduler, synthesis.chunks("a", 1, 1)))
    staying = asyncio.create_task(collect(scheduler, synthesis.chunks("b", 1)))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0)
    assert not leaving.done()
    synthesis.go.set()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert synthesis.order == ["a0", "b0"]


async def test_resize_takes_effect_at_once(scheduler: SynthesisScheduler) -> None:
    together = threading.Barrier(2, timeout=10)

    def chunks() -> Generator[AudioChunk]:
        together.wait()
        yield AudioChunk(b"", RATE, True)

    both = [asyncio.create_task(collect(scheduler, chunks())) for _ in range(2)]
    await asyncio.sleep(0)
    assert together.n_waiting <= 1
    scheduler.resize(2)
    assert [len(chunks) for chunks in await asyncio.gather(*both)] == [1, 1]


async def test_each_chunk_reports_its_queue_time_and_computing_time(
    scheduler: SynthesisScheduler,
) -> None:
    synthesis = Synthesis()
    results = [asyncio.create_task(collect(scheduler, synthesis.chunks(name, 1, 1))) for name in "ab"]
    await asyncio.sleep(0.02)
    synthesis.go.set()
    (first, later), (other, _) = await asyncio.gather(*results)
    assert first.effort is not None
    assert other.effort is not None
    assert first.effort.busy_s > 0.01
    assert other.effort.queued_s > max(0.01, first.effort.queued_s)
    assert other.effort.batch_size == 1
    assert later.effort is not None
    assert later.effort.work_s == later.effort.busy_s


async def test_an_exception_reaches_only_its_caller(scheduler: SynthesisScheduler) -> None:
    synthesis = Synthesis()
    synthesis.go.set()

    def broken() -> Generator[AudioChunk]:
        yield AudioChunk(b"", RATE, False)
        raise ValueError("broken")

    results = await asyncio.gather(
        collect(scheduler, broken()), collect(scheduler, synthesis.chunks("a", 1)), return_exceptions=True
    )
    assert isinstance(results[0], ValueError)
    assert synthesis.order == ["a0"]


async def test_shutdown_fails_all_waiting_requests() -> None:
    scheduler, synthesis = SynthesisScheduler("test", 1), Synthesis()
    running = asyncio.create_task(collect(scheduler, synthesis.chunks("a", 1, 1)))
    waiting = asyncio.create_task(collect(scheduler, synthesis.chunks("b", 1)))
    await asyncio.sleep(0.01)
    scheduler.shutdown()
    synthesis.go.set()
    with pytest.raises(RuntimeError, match="after shutdown"):
        await waiting
    with pytest.raises(RuntimeError, match="after shutdown"):
        await running


def test_by_default_there_are_as_many_syntheses_as_cores_up_to_four() -> None:
    assert synthesis_count(7) == 7
    assert 1 <= synthesis_count(0) <= 4
