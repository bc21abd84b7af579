"""Jobs for a ``Batcher`` whose computations can be seen and held up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import pytest

from sokuji.providers.batching import Batcher, Job, JobResult

LONG_S = 60.0
"""No test waits so long."""


@dataclass(eq=False)
class Board:
    """What was computed, batch by batch."""

    batches: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Shout:
    """A step: its result is its text in capitals."""

    board: Board
    text: str
    bucket: Hashable = "a"
    most: int = 64
    gate: threading.Event | None = None
    """It takes until this is set."""
    spare: bool = False

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[str]:
        steps[0].board.batches.append([step.text for step in steps])
        for step in steps:
            if step.gate is not None:
                assert step.gate.wait(10)
        if any("bad" in step.text for step in steps):
            raise ZeroDivisionError("together")
        return [step.text.upper() for step in steps]


def shouts(*steps: Shout) -> Job[list[str]]:
    """A job of one step after the other."""
    results = []
    for step in steps:
        results.append((yield step))
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


def asked(batcher: Batcher, *steps: Shout, urgent: bool = True) -> Run:
    """The job of a caller who waits for it."""
    return asyncio.create_task(batcher.run(shouts(*steps), urgent=urgent))


async def answers(*runs: Run) -> list[list[str]]:
    """What the jobs return."""
    async with asyncio.timeout(10):
        return [answer.value for answer in await asyncio.gather(*runs)]


async def gone(run: Run) -> None:
    """The caller goes away."""
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
