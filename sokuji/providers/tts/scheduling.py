"""Threads of a speech model, and the order in which requests use them.

The chunks of a request are synthesised one at a time, and each has to be scheduled anew. Of urgent requests
the one whose playback runs out of audio first goes first. First chunks are due when they are requested, so
they precede all chunks that are synthesised ahead of playback. Of the other requests, which nobody plays as
they are made, callers take turns (``RequestSlots``).
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from functools import partial
from typing import ParamSpec, TypeVar

from sokuji.config import MAX_WORKERS
from sokuji.contract import AudioChunk, Effort, StageRequest, WorkerReport
from sokuji.providers.request_slots import RequestSlots, Slot
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
        self._slots = RequestSlots(max_running)
        self._usage = WorkerUsage()

    def resize(self, max_running: int) -> None:
        """Change how many chunks are synthesised at the same time."""
        self._max_running = max_running
        self._slots.resize(max_running)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in a thread at once, without waiting for a slot."""
        return await self._worker.run(function, *args, **kwargs)

    async def stream(
        self, chunks: Generator[AudioChunk], request: StageRequest
    ) -> AsyncGenerator[AudioChunk, None]:
        """The chunks of a blocking generator, which is advanced in a thread, only as fast as it is consumed.

        When the iterator is closed, the generator is closed too and not scheduled any more.
        """
        loop = asyncio.get_running_loop()
        audio_until = loop.time()
        synthesis: asyncio.Future[AudioChunk] | None = None
        try:
            while True:
                queued_at = loop.time()
                slot = await self._slots.acquire(request, audio_until if request.urgent else 0.0)
                started_at = loop.time()
                counted = self._worker.run(self._counted, chunks.__next__, urgent=request.urgent)
                synthesis = asyncio.ensure_future(counted)
                synthesis.add_done_callback(partial(self._synthesis_done, slot))
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

    def _counted(self, function: Callable[[], T], *, urgent: bool) -> T:
        with self._usage.computing(urgent=urgent):
            return function()

    def _effort(self, queued_s: float, busy_s: float) -> Effort:
        return Effort(queued_s=queued_s, busy_s=busy_s, batch_size=1, work_s=busy_s, report=self.report())

    def shutdown(self) -> None:
        """Let running syntheses finish and start no more."""
        self._worker.shutdown()
        # Waiting requests get a slot and then fail, because the threads are gone.
        self._slots.lift_limit()

    def _synthesis_done(self, slot: Slot, synthesis: asyncio.Future[AudioChunk]) -> None:
        if not synthesis.cancelled():
            synthesis.exception()  # Marks it as retrieved, in case the caller was cancelled.
        self._slots.release(slot)
