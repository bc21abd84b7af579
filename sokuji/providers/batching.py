"""The queue in front of a loaded model: computes together what several callers need at the same time.

The request of a caller runs as a job (``jobs``). Computations with equal batch keys are computed together,
whichever jobs they belong to, so that jobs form a new batch at every computation. By default a free worker
takes what is queued, and batches form when requests arrive faster than they are computed; ``wait_s`` makes a
first computation wait for more.
"""

import asyncio
import atexit
import itertools
import threading
import time
import weakref
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from sokuji.contract import WorkerReport
from sokuji.errors import ProviderUnavailable
from sokuji.providers.jobs import Job, JobResult, QueuedJob, compute_batch
from sokuji.providers.worker_usage import WorkerUsage

T = TypeVar("T")


class Batcher:
    """Runs jobs in a few threads: urgent jobs first, and in order of arrival among equals.

    ``batch_size`` and ``wait_s`` may be changed at any time, and the number of threads by ``resize``.
    """

    def __init__(self, name: str, *, workers: int, batch_size: int = 1, wait_s: float = 0.0) -> None:
        """
        Args:
            workers: number of threads.
            batch_size: computations that are computed together at most.
            wait_s: how long the first computation of a job waits, although a worker is free, for others that
                can be computed with it.
        """
        self.batch_size = batch_size
        self.wait_s = wait_s
        self._name = name
        self._numbers = itertools.count()
        self._waiting: list[QueuedJob] = []
        self._running: list[QueuedJob] = []
        self._changed = threading.Condition()
        self._closed = False
        self._workers = 0
        self._usage = WorkerUsage()
        self._threads: dict[int, threading.Thread] = {}
        _batchers.add(self)
        self.resize(workers)

    def resize(self, workers: int) -> None:
        """Use this many threads; surplus threads end after the batch that they are computing."""
        with self._changed:
            self._workers = 0 if self._closed else workers
            for index in range(self._workers):
                if index not in self._threads:
                    thread = threading.Thread(
                        target=self._run_worker, args=(index,), name=f"{self._name}-{index}", daemon=True
                    )
                    self._threads[index] = thread
                    thread.start()
            self._changed.notify_all()

    async def run(self, job: Job[T], *, urgent: bool = True) -> JobResult[T]:
        """Run ``job`` and return its result.

        If the caller is cancelled, no further computation of the job is started.

        Raises:
            ProviderUnavailable: the batcher has been shut down.
            Exception: whatever the job raises.
        """
        queued = QueuedJob(job, urgent, next(self._numbers), time.monotonic())
        self._enqueue([queued])
        return await asyncio.wrap_future(queued.outcome)

    def report(self) -> WorkerReport:
        """How busy the threads are with urgent jobs."""
        return self._usage.report(self._workers)

    def shutdown(self) -> None:
        """Let running computations finish and start no more."""
        with self._changed:
            self._closed, self._workers = True, 0
            self._changed.notify_all()
            waiting, self._waiting = self._waiting, []
        self._enqueue(waiting)

    def join(self) -> None:
        """Wait for the threads to end, after ``shutdown``."""
        with self._changed:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _enqueue(self, jobs: Sequence[QueuedJob]) -> None:
        with self._changed:
            if not self._closed:
                self._waiting += jobs
                self._changed.notify(len(jobs))
                return
        for queued in jobs:
            queued.job.close()
            queued.resolve(ProviderUnavailable(f"{self._name} has been closed"))

    def _run_worker(self, index: int) -> None:
        while self._run_next_batch(index):
            pass

    def _run_next_batch(self, index: int) -> bool:
        """Compute the next batch; False when the worker has to end.

        This is a method of its own so that an idle worker keeps no reference to the last batch.
        """
        batch = self._next_batch(index)
        outcomes = zip(batch, self._compute(batch) if batch else (), strict=True)
        unfinished = [queued for queued, result in outcomes if queued.advance(result, self.report)]
        with self._changed:
            self._running = [queued for queued in self._running if queued not in batch]
        self._enqueue(unfinished)
        return bool(batch)

    def _next_batch(self, index: int) -> list[QueuedJob]:
        """Wait for the next batch; empty when the worker has to end."""
        with self._changed:
            while index < self._workers:
                self._drop_cancelled()
                batches = [(self._remaining_wait_s(batch), batch) for batch in self._batches()]
                ready = next((batch for wait_s, batch in batches if wait_s <= 0), None)
                if ready:
                    self._waiting = [queued for queued in self._waiting if queued not in ready]
                    self._running += ready
                    if self._waiting:
                        # This worker may have consumed the notification for a job that is still waiting.
                        self._changed.notify()
                    return ready
                self._changed.wait(min((wait_s for wait_s, _ in batches), default=None))
            del self._threads[index]
            self._changed.notify_all()
            return []

    def _drop_cancelled(self) -> None:
        for queued in self._waiting:
            if queued.outcome.cancelled():
                queued.job.close()
        self._waiting = [queued for queued in self._waiting if not queued.outcome.cancelled()]

    def _batches(self) -> list[list[QueuedJob]]:
        """The waiting jobs of the highest urgency, grouped into batches, the batch with the first job
        first."""
        queue = sorted(self._waiting, key=lambda queued: queued.priority)
        groups: dict[Hashable, list[QueuedJob]] = {}
        for queued in queue:
            if queued.urgent == queue[0].urgent:
                groups.setdefault(queued.batch_key, []).append(queued)
        return [group[: self._max_size(group)] for group in groups.values()]

    def _max_size(self, batch: Sequence[QueuedJob]) -> int:
        computation = batch[0].computation
        return 1 if computation is None else max(1, min(self.batch_size, computation.max_batch_size))

    def _remaining_wait_s(self, batch: Sequence[QueuedJob]) -> float:
        """How long an incomplete batch still waits; 0 unless it is the first computation of all its jobs."""
        if batch[0].computation is None or any(queued.started_at is not None for queued in batch):
            return 0.0
        if len(batch) >= self._max_size(batch):
            return 0.0
        return min(queued.queued_at for queued in batch) + self.wait_s - time.monotonic()

    def _others_are_urgent(self, batch: Sequence[QueuedJob]) -> bool:
        """Whether there are urgent jobs outside ``batch``."""
        with self._changed:
            jobs = [*self._waiting, *self._running]
        return any(
            queued.urgent and queued not in batch and not queued.outcome.cancelled() for queued in jobs
        )

    def _compute(self, batch: Sequence[QueuedJob]) -> Sequence[Any]:
        """The result of each job's next computation, or the exception that it raised."""
        computation = batch[0].computation
        if computation is None or (computation.optional and self._others_are_urgent(batch)):
            return [None] * len(batch)
        started = time.monotonic()
        for queued in batch:
            queued.started_at = queued.started_at or started
            queued.largest_batch = max(queued.largest_batch, len(batch))
        with self._usage.computing(urgent=batch[0].urgent):
            results = compute_batch([queued.computation for queued in batch])
        busy_s = time.monotonic() - started
        for queued in batch:
            queued.busy_s += busy_s
            queued.work_s += busy_s / len(batch)
        return results


_batchers: "weakref.WeakSet[Batcher]" = weakref.WeakSet()
"""All batchers that have threads: a thread keeps its batcher alive."""


@atexit.register
def _join_all() -> None:
    """End all threads before the interpreter does: a thread that returns from a native library while the
    interpreter is being finalised aborts the process."""
    for batcher in list(_batchers):
        batcher.shutdown()
        batcher.join()
