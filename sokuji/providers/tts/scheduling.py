"""Threads of a speech model, and the order in which requests use them.

The chunks of a request are synthesised one at a time, and each has to be scheduled anew. The request whose
playback runs out of audio first goes first. First chunks are due when they are requested, so they precede all
chunks that are synthesised ahead of playback.
"""

import asyncio
import heapq
import itertools
import os
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from typing import ParamSpec, TypeVar

from sokuji.config import MAX_WORKERS
from sokuji.contract import AudioChunk, Effort, WorkerReport
from sokuji.providers.worker import Worker
from sokuji.providers.worker_usage import WorkerUsage

P = ParamSpec("P")
T = TypeVar("T")


def synthesis_count(num_workers: int) -> int:
    """How many chunks the setting ``num_workers`` allows at a time; 0 selects the number of cores, at most
    4."""
    return num_workers or min(len(os.sched_getaffinity(0)), 4)


class SynthesisScheduler:
    """Runs the syntheses of one provider.

    Args:
        name: of the threads.
        max_running: chunks that are synthesised at the same time.
    """

    def __init__(self, name: str, max_running: int) -> None:
        # The threads are started when they are first needed.
        self._worker = Worker(name, MAX_WORKERS)
        self._max_running = max_running
        self._running = 0
        self._usage = WorkerUsage()
        self._request_numbers = itertools.count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        """A heap of (loop time at which the request's playback runs out of audio, request number, slot)."""

    def resize(self, max_running: int) -> None:
        """Change how many chunks are synthesised at the same time."""
        self._max_running = max_running
        self._assign_slots()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in a thread at once, without waiting for a slot."""
        return await self._worker.run(function, *args, **kwargs)

    async def stream(self, chunks: Generator[AudioChunk]) -> AsyncGenerator[AudioChunk, None]:
        """The chunks of a blocking generator, which is advanced in a thread, only as fast as it is consumed.

        When the iterator is closed, the generator is closed too and not scheduled any more.
        """
        number = next(self._request_numbers)
        loop = asyncio.get_running_loop()
        audio_until = loop.time()
        synthesis: asyncio.Future[AudioChunk] | None = None
        try:
            while True:
                queued_at = loop.time()
                await self._acquire_slot(audio_until, number)
                started_at = loop.time()
                synthesis = asyncio.ensure_future(self._worker.run(self._counted, chunks.__next__))
                synthesis.add_done_callback(self._synthesis_done)
                chunk = await asyncio.shield(synthesis)
                chunk = replace(chunk, effort=self._effort(started_at - queued_at, loop.time() - started_at))
                audio_until = max(audio_until, loop.time()) + len(chunk.pcm) / 2 / chunk.sample_rate
                yield chunk
                if chunk.last:
                    return
        finally:
            # A generator that is running in a thread cannot be closed, so wait for its current chunk.
            if synthesis is not None:
                await asyncio.wait([synthesis])
            chunks.close()

    def report(self) -> WorkerReport:
        """How busy the threads are."""
        return self._usage.report(self._max_running)

    def _counted(self, function: Callable[[], T]) -> T:
        with self._usage.computing():
            return function()

    def _effort(self, queued_s: float, busy_s: float) -> Effort:
        return Effort(queued_s=queued_s, busy_s=busy_s, batch_size=1, work_s=busy_s, report=self.report())

    def shutdown(self) -> None:
        """Let running syntheses finish and start no more."""
        self._worker.shutdown()
        # Waiting requests get a slot and then fail, because the threads are gone.
        self.resize(self._running + len(self._waiting))

    async def _acquire_slot(self, audio_until: float, number: int) -> None:
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (audio_until, number, slot))
        self._assign_slots()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self._release_slot()
            raise

    def _assign_slots(self) -> None:
        while self._waiting and self._running < self._max_running:
            *_, slot = heapq.heappop(self._waiting)
            if not slot.done():
                self._running += 1
                slot.set_result(None)

    def _synthesis_done(self, synthesis: asyncio.Future[AudioChunk]) -> None:
        if not synthesis.cancelled():
            synthesis.exception()  # Marks it as retrieved, in case the caller was cancelled.
        self._release_slot()

    def _release_slot(self) -> None:
        self._running -= 1
        self._assign_slots()
