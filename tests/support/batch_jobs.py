"""Jobs for a ``Batcher`` whose computations a test can observe and hold."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import pytest

from sokuji.contract import StageRequest
from sokuji.providers.batching import Batcher
from sokuji.providers.jobs import Job, JobResult

LONG_S = 60.0
"""Longer than any test waits."""


@dataclass(eq=False)
class BatchLog:
    """The texts that were computed, by batch."""

    batches: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class UpperStep:
    """A step whose result is its text in capitals."""

    board: BatchLog
    text: str
    batch_key: Hashable = "a"
    max_batch_size: int = 64
    gate: threading.Event | None = None
    """The step is computed once this is set."""
    optional: bool = False

    @classmethod
    def compute_batch(cls, steps: Sequence[Self]) -> list[str]:
        steps[0].board.batches.append([step.text for step in steps])
        for step in steps:
            if step.gate is not None:
                assert step.gate.wait(10)
        if any("bad" in step.text for step in steps):
            raise ZeroDivisionError("together")
        return [step.text.upper() for step in steps]


def upper_job(*steps: UpperStep) -> Job[list[str]]:
    """A job that takes one step after the other."""
    results = []
    for step in steps:
        results.append((yield step))
    return results


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, for 10 s at most."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def worker_threads(name: str) -> list[str]:
    """Names of the live threads of a batcher."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}-"))


@asynccontextmanager
async def occupied(batcher: Batcher, board: BatchLog) -> AsyncIterator[None]:
    """Keep the only worker of ``batcher`` busy; ``board`` is empty afterwards."""
    gate, own = threading.Event(), BatchLog()
    running = asyncio.create_task(batcher.run(upper_job(UpperStep(own, "plug", "plug", gate=gate))))
    try:
        await wait_until(lambda: bool(own.batches))
        yield
        await asyncio.sleep(0)
        board.batches.clear()
    finally:
        gate.set()
        await running


Run = asyncio.Task[JobResult[list[str]]]


def submit(batcher: Batcher, *steps: UpperStep, urgent: bool = True, caller: str = "") -> Run:
    """Start a job that its caller waits for."""
    request = StageRequest(caller=caller, deferrable=not urgent)
    return asyncio.create_task(batcher.run(upper_job(*steps), request))


async def results_of(*runs: Run) -> list[list[str]]:
    """The results of the jobs."""
    async with asyncio.timeout(10):
        return [answer.value for answer in await asyncio.gather(*runs)]


async def abandon(run: Run) -> None:
    """Cancel the caller of a job."""
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
