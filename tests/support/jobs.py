"""Jobs for a ``Batcher`` whose computations can be seen and held up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import pytest

from sokuji.providers.batching import Batcher
from sokuji.providers.jobs import Job, JobResult

LONG_S = 60.0
"""No test waits so long."""


@dataclass(eq=False)
class Board:
    """What was computed, batch by batch."""

    batches: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Shout:
    """A computation: its result is its text in capitals."""

    board: Board
    text: str
    batch_key: Hashable = "a"
    max_batch_size: int = 64
    gate: threading.Event | None = None
    """It takes until this is set."""
    optional: bool = False

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[str]:
        batch[0].board.batches.append([each.text for each in batch])
        for each in batch:
            if each.gate is not None:
                assert each.gate.wait(10)
        if any("bad" in each.text for each in batch):
            raise ZeroDivisionError("batch")
        return [each.text.upper() for each in batch]


def shouts(*computations: Shout) -> Job[list[str]]:
    """A job of computations, one after the other."""
    results = []
    for computation in computations:
        results.append((yield computation))
    return results


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def alive(name: str) -> list[str]:
    """Names of a batcher's threads."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}-"))


@asynccontextmanager
async def occupied(batcher: Batcher, board: Board) -> AsyncIterator[None]:
    """The one worker of ``batcher`` has something to do; ``board`` is empty afterwards."""
    gate, own = threading.Event(), Board()
    running = asyncio.create_task(batcher.run(shouts(Shout(own, "plug", "plug", gate=gate))))
    try:
        await until(lambda: bool(own.batches))
        yield
        await asyncio.sleep(0)
        board.batches.clear()
    finally:
        gate.set()
        await running


Run = asyncio.Task[JobResult[list[str]]]


def asked(batcher: Batcher, *computations: Shout, urgent: bool = True) -> Run:
    """The job of a caller who waits for it."""
    return asyncio.create_task(batcher.run(shouts(*computations), urgent=urgent))


async def answers(*runs: Run) -> list[list[str]]:
    """What the jobs return."""
    async with asyncio.timeout(10):
        return [answer.value for answer in await asyncio.gather(*runs)]


async def gone(run: Run) -> None:
    """The caller goes away."""
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
