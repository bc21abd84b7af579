"""Jobs that fail, callers who go away, and the end: nobody else is harmed, and nothing is left."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from typing import Self

import pytest

from sokuji.errors import NoSpeech, ProviderUnavailable
from sokuji.providers.batching import Batcher
from sokuji.providers.jobs import Job
from tests.support.batch_jobs import (
    LONG_S,
    BatchLog,
    UpperStep,
    abandon,
    occupied,
    results_of,
    submit,
    upper_job,
    wait_until,
    worker_threads,
)


class Mute(UpperStep):
    """A step that gives no results."""

    @classmethod
    def compute_batch(cls, steps: Sequence[Self]) -> list[str]:
        return []


async def test_a_step_that_fails_harms_no_mate(batcher: Batcher, board: BatchLog) -> None:
    async with occupied(batcher, board):
        good, bad, better = (submit(batcher, UpperStep(board, text)) for text in ("good", "bad", "better"))
    assert await results_of(good, better) == [["GOOD"], ["BETTER"]]
    with pytest.raises(ZeroDivisionError, match="together"):
        await bad
    assert board.batches == [["good", "bad", "better"], ["good"], ["bad"], ["better"]]


async def test_a_job_may_survive_the_failure_of_its_step(batcher: Batcher, board: BatchLog) -> None:
    def stubborn() -> Job[list[str]]:
        try:
            yield UpperStep(board, "bad")
        except ZeroDivisionError:
            return [(yield UpperStep(board, "good"))]
        return []

    assert (await batcher.run(stubborn())).value == ["GOOD"]


@pytest.mark.parametrize("steps", [0, 1])
async def test_what_a_job_raises_reaches_its_caller_alone(
    batcher: Batcher, board: BatchLog, steps: int
) -> None:
    def mistaken() -> Job[list[str]]:
        for number in range(steps):
            yield UpperStep(board, f"m{number}")
        raise NoSpeech("nobody speaks")

    async with occupied(batcher, board):
        mistake = asyncio.create_task(batcher.run(mistaken()))
        good = submit(batcher, UpperStep(board, "good"))
    assert await results_of(good) == [["GOOD"]]
    with pytest.raises(NoSpeech, match="nobody speaks"):
        await mistake


async def test_results_that_are_missing_are_an_error_and_the_worker_goes_on(
    batcher: Batcher, board: BatchLog
) -> None:
    async with occupied(batcher, board):
        mute = [submit(batcher, Mute(board, "a")) for _ in range(2)]
    for run in mute:
        with pytest.raises(ValueError, match="shorter"):
            await results_of(run)
    assert await results_of(submit(batcher, UpperStep(board, "b"))) == [["B"]]


ENDING = """
import asyncio
import time

from sokuji.providers.batching import Batcher
from tests.support.batch_jobs import BatchLog, UpperStep, submit, wait_until


class Ending(UpperStep):
    @classmethod
    def compute_batch(cls, steps):
        steps[0].board.batches.append([])
        time.sleep(0.1)
        print("ended", flush=True)
        return [None]


async def main():
    board, batcher = BatchLog(), Batcher("ending", workers=1)
    submit(batcher, Ending(board, "a"))
    submit(batcher, UpperStep(board, "never"))
    await wait_until(lambda: bool(board.batches))


asyncio.run(main())
"""
"""A program whose main thread ends before a step does."""


class Impatient:
    """A job whose life can be seen."""

    def __init__(self, board: BatchLog) -> None:
        self.board = board
        self.begun, self.ended = threading.Event(), threading.Event()

    def steps(self) -> Job[list[str]]:
        try:
            self.begun.set()
            return (yield from upper_job(UpperStep(self.board, "never")))
        finally:
            self.ended.set()


async def test_the_job_of_a_caller_who_has_gone_is_not_begun(batcher: Batcher, board: BatchLog) -> None:
    impatient = Impatient(board)
    async with occupied(batcher, board):
        abandoned = asyncio.create_task(batcher.run(impatient.steps()))
        mates = [submit(batcher, UpperStep(board, text)) for text in "ab"]
        await asyncio.sleep(0)
        await abandon(abandoned)
    assert await results_of(*mates) == [["A"], ["B"]]
    assert board.batches == [["a", "b"]]
    assert not impatient.begun.is_set()


async def test_a_job_that_is_abandoned_at_a_step_ends_there_and_is_nobodys_mate(
    batcher: Batcher, board: BatchLog
) -> None:
    impatient = Impatient(board)
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    abandoned = asyncio.create_task(batcher.run(impatient.steps()))
    await wait_until(impatient.begun.is_set)
    await abandon(abandoned)
    mates = [submit(batcher, UpperStep(board, text)) for text in "ab"]
    assert await results_of(*mates) == [["A"], ["B"]]
    assert board.batches == [["a", "b"]]
    assert impatient.ended.is_set()


async def test_after_the_step_at_which_its_caller_went_a_job_is_not_continued(
    batcher: Batcher, board: BatchLog
) -> None:
    gate = threading.Event()
    abandoned = submit(batcher, UpperStep(board, "a1", gate=gate), UpperStep(board, "never"))
    await wait_until(lambda: bool(board.batches))
    await abandon(abandoned)
    gate.set()
    assert await results_of(submit(batcher, UpperStep(board, "b"))) == [["B"]]
    assert board.batches == [["a1"], ["b"]]


async def test_a_batcher_that_is_closed_ends_running_steps_and_refuses_the_rest(board: BatchLog) -> None:
    batcher, gate = Batcher("closing", workers=2), threading.Event()
    ending = submit(batcher, UpperStep(board, "a", "a", gate=gate))
    going_on = submit(batcher, UpperStep(board, "b1", "b", gate=gate), UpperStep(board, "b2"))
    await wait_until(lambda: len(board.batches) == 2)
    waiting = submit(batcher, UpperStep(board, "c"))
    await asyncio.sleep(0)
    batcher.shutdown()
    with pytest.raises(ProviderUnavailable, match="closing has been closed"):
        await results_of(waiting)
    gate.set()
    assert await results_of(ending) == [["A"]]
    for refused in (going_on, submit(batcher, UpperStep(board, "d"))):
        with pytest.raises(ProviderUnavailable, match="closing has been closed"):
            await results_of(refused)
    batcher.resize(2)
    await wait_until(lambda: worker_threads("closing") == [])
    assert sorted(board.batches) == [["a"], ["b1"]]


def test_a_process_ends_in_order_while_a_step_runs() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


async def test_an_idle_worker_keeps_nothing_of_its_last_callers(batcher: Batcher, board: BatchLog) -> None:
    step = UpperStep(board, "secret")
    kept = weakref.ref(step)
    assert (await batcher.run(upper_job(step))).value == ["SECRET"]
    del step

    def freed() -> bool:
        gc.collect()
        return kept() is None

    await wait_until(freed)
