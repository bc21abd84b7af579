"""The Batcher with jobs that fail, callers that are cancelled, and shutdown: other jobs are not affected."""

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
from tests.support.jobs import LONG_S, Board, Shout, alive, answers, asked, gone, occupied, shouts, until


class Mute(Shout):
    """A computation without results."""

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[str]:
        return []


async def test_a_computation_that_fails_does_not_affect_its_batch(batcher: Batcher, board: Board) -> None:
    async with occupied(batcher, board):
        good, bad, better = (asked(batcher, Shout(board, text)) for text in ("good", "bad", "better"))
    assert await answers(good, better) == [["GOOD"], ["BETTER"]]
    with pytest.raises(ZeroDivisionError, match="batch"):
        await bad
    assert board.batches == [["good", "bad", "better"], ["good"], ["bad"], ["better"]]


async def test_a_job_can_handle_the_failure_of_its_computation(batcher: Batcher, board: Board) -> None:
    def stubborn() -> Job[list[str]]:
        try:
            yield Shout(board, "bad")
        except ZeroDivisionError:
            return [(yield Shout(board, "good"))]
        return []

    assert (await batcher.run(stubborn())).value == ["GOOD"]


@pytest.mark.parametrize("steps", [0, 1])
async def test_an_exception_of_a_job_reaches_only_its_caller(
    batcher: Batcher, board: Board, steps: int
) -> None:
    def mistaken() -> Job[list[str]]:
        for number in range(steps):
            yield Shout(board, f"m{number}")
        raise NoSpeech("nobody speaks")

    async with occupied(batcher, board):
        mistake = asyncio.create_task(batcher.run(mistaken()))
        good = asked(batcher, Shout(board, "good"))
    assert await answers(good) == [["GOOD"]]
    with pytest.raises(NoSpeech, match="nobody speaks"):
        await mistake


async def test_missing_results_are_an_error_and_the_worker_continues(batcher: Batcher, board: Board) -> None:
    async with occupied(batcher, board):
        mute = [asked(batcher, Mute(board, "a")) for _ in range(2)]
    for run in mute:
        with pytest.raises(ValueError, match="shorter"):
            await answers(run)
    assert await answers(asked(batcher, Shout(board, "b"))) == [["B"]]


ENDING = """
import asyncio
import time

from sokuji.providers.batching import Batcher
from tests.support.jobs import Board, Shout, asked, until


class Ending(Shout):
    @classmethod
    def compute_batch(cls, batch):
        batch[0].board.batches.append([])
        time.sleep(0.1)
        print("ended", flush=True)
        return [None]


async def main():
    board, batcher = Board(), Batcher("ending", workers=1)
    asked(batcher, Ending(board, "a"))
    asked(batcher, Shout(board, "never"))
    await until(lambda: bool(board.batches))


asyncio.run(main())
"""
"""A program whose main thread ends before a computation does."""


class Impatient:
    """A job that records when it starts and ends."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.begun, self.ended = threading.Event(), threading.Event()

    def job(self) -> Job[list[str]]:
        try:
            self.begun.set()
            return (yield from shouts(Shout(self.board, "never")))
        finally:
            self.ended.set()


async def test_the_job_of_a_cancelled_caller_is_not_started(batcher: Batcher, board: Board) -> None:
    impatient = Impatient(board)
    async with occupied(batcher, board):
        abandoned = asyncio.create_task(batcher.run(impatient.job()))
        mates = [asked(batcher, Shout(board, text)) for text in "ab"]
        await asyncio.sleep(0)
        await gone(abandoned)
    assert await answers(*mates) == [["A"], ["B"]]
    assert board.batches == [["a", "b"]]
    assert not impatient.begun.is_set()


async def test_a_job_cancelled_while_it_waits_ends_there_and_joins_no_batch(
    batcher: Batcher, board: Board
) -> None:
    impatient = Impatient(board)
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    abandoned = asyncio.create_task(batcher.run(impatient.job()))
    await until(impatient.begun.is_set)
    await gone(abandoned)
    mates = [asked(batcher, Shout(board, text)) for text in "ab"]
    assert await answers(*mates) == [["A"], ["B"]]
    assert board.batches == [["a", "b"]]
    assert impatient.ended.is_set()


async def test_a_job_cancelled_during_a_computation_is_not_continued(batcher: Batcher, board: Board) -> None:
    gate = threading.Event()
    abandoned = asked(batcher, Shout(board, "a1", gate=gate), Shout(board, "never"))
    await until(lambda: bool(board.batches))
    await gone(abandoned)
    gate.set()
    assert await answers(asked(batcher, Shout(board, "b"))) == [["B"]]
    assert board.batches == [["a1"], ["b"]]


async def test_shutdown_finishes_running_computations_and_refuses_all_others(board: Board) -> None:
    batcher, gate = Batcher("closing", workers=2), threading.Event()
    ending = asked(batcher, Shout(board, "a", "a", gate=gate))
    going_on = asked(batcher, Shout(board, "b1", "b", gate=gate), Shout(board, "b2"))
    await until(lambda: len(board.batches) == 2)
    waiting = asked(batcher, Shout(board, "c"))
    await asyncio.sleep(0)
    batcher.shutdown()
    with pytest.raises(ProviderUnavailable, match="closing has been closed"):
        await answers(waiting)
    gate.set()
    assert await answers(ending) == [["A"]]
    for refused in (going_on, asked(batcher, Shout(board, "d"))):
        with pytest.raises(ProviderUnavailable, match="closing has been closed"):
            await answers(refused)
    batcher.resize(2)
    await until(lambda: alive("closing") == [])
    assert sorted(board.batches) == [["a"], ["b1"]]


def test_a_process_exits_cleanly_while_a_computation_runs() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


async def test_an_idle_worker_keeps_no_reference_to_its_last_batch(batcher: Batcher, board: Board) -> None:
    step = Shout(board, "secret")
    kept = weakref.ref(step)
    assert (await batcher.run(shouts(step))).value == ["SECRET"]
    del step

    def freed() -> bool:
        gc.collect()
        return kept() is None

    await until(freed)
