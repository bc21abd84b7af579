"""Whose turn it is to compute: the threads of a voice, and the order in which requests get them.

A request's chunks are made one by one, each in a turn of its own. The next turn goes to the request whose
listener has had nothing to hear for the longest time, or will be the first to run dry: first chunks, due when
they are asked for, come before all that are made ahead of their time.
"""

import asyncio
import heapq
import itertools
import os
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from sokuji.config import MOST_WORKERS
from sokuji.contract import AudioChunk, Effort
from sokuji.providers.worker import Worker

T = TypeVar("T")


def workers(num_workers: int) -> int:
    """How many syntheses ``num_workers`` stands for; 0: the cores found, at most 4."""
    return num_workers or min(len(os.sched_getaffinity(0)), 4)


def _effort(asked: float, began: float, done: float) -> Effort:
    return Effort(queued_s=began - asked, busy_s=done - began, batch_size=1)


class Turns:
    """The threads of one provider; ``at_once`` of them, which may change at any time, make chunks."""

    def __init__(self, name: str, at_once: int) -> None:
        # Threads come into being when they are first needed.
        self._worker = Worker(name, MOST_WORKERS)
        self._at_once = at_once
        self._taken = 0
        self._arrivals = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        """A heap of (loop time at which the listener runs dry, arrival, what the request waits for)."""

    @property
    def at_once(self) -> int:
        """Chunks that are made at the same time."""
        return self._at_once

    @at_once.setter
    def at_once(self, at_once: int) -> None:
        self._at_once = at_once
        self._hand_out()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run ``function(*args)`` in a thread, out of turn."""
        return await self._worker.run(function, *args)

    async def stream(self, chunks: Generator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """Advance a blocking generator chunk by chunk, only as fast as it is consumed.

        Once the iterator is closed, no more turns are spent on it.
        """
        arrival = next(self._arrivals)
        loop = asyncio.get_running_loop()
        dry_at = loop.time()
        first = True
        step: asyncio.Future[AudioChunk] | None = None
        try:
            while True:
                asked = loop.time()
                await self._turn(dry_at, arrival)
                began = loop.time()
                step = asyncio.ensure_future(self._worker.run(next, chunks))
                step.add_done_callback(self._over)
                chunk = await asyncio.shield(step)
                if first:
                    first = False
                    chunk = replace(chunk, effort=_effort(asked, began, loop.time()))
                dry_at = max(dry_at, loop.time()) + len(chunk.pcm) / 2 / chunk.sample_rate
                yield chunk
                if chunk.last:
                    return
        finally:
            # A generator that is still running in its thread cannot be closed: let the step end first.
            if step is not None:
                await asyncio.wait([step])
            chunks.close()

    def shutdown(self) -> None:
        """Let running work finish and start no more."""
        self._worker.shutdown()
        # Those that wait go on, and fail because there are no threads any more.
        self.at_once = self._taken + len(self._waiting)

    async def _turn(self, dry_at: float, arrival: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (dry_at, arrival, turn))
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back()
            raise

    def _hand_out(self) -> None:
        while self._waiting and self._taken < self._at_once:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    def _over(self, step: asyncio.Future[AudioChunk]) -> None:
        if not step.cancelled():
            step.exception()  # Its caller may have gone: then nobody else asks for it.
        self._give_back()

    def _give_back(self) -> None:
        self._taken -= 1
        self._hand_out()
