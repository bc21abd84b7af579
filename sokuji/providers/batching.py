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

from sokuji.contract import ANONYMOUS, StageRequest, WorkerReport
from sokuji.errors import ProviderUnavailable
from sokuji.providers.caller_queue import CallerQueue
from sokuji.providers.jobs import Job, JobResult, QueuedJob, compute_batch
from sokuji.providers.worker_usage import WorkerUsage

T = TypeVar("T")


TURN = 8
"""Computations of a caller's turn: more than an utterance or a sentence needs, so these are done at a go."""
LOOKED_AT = 64
"""Jobs among which batches are formed, or four batches if that is more: the next ones in the queue. What one
decision costs does not depend on how many wait."""
LIVE_S = 5.0
"""So long after an urgent job another one is expected; a worker is kept free for it if there are several."""


class Batcher:
    """Runs jobs in a few threads, in the order of ``CallerQueue``, computation by computation.

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
        self._queue: CallerQueue[QueuedJob] = CallerQueue(TURN)
        self._live_until = 0.0
        self._giving_way = 0
        """Workers that compute what is not urgent."""
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

    async def run(self, job: Job[T], request: StageRequest = ANONYMOUS) -> JobResult[T]:
        """Run ``job``, which is for ``request``, and return its result.

        If the caller is cancelled, no further computation of the job is started.

        Raises:
            ProviderUnavailable: the batcher has been shut down.
            Exception: whatever the job raises.
        """
        queued = QueuedJob(job, request.caller, request.urgent, next(self._numbers), time.monotonic())
        if request.urgent:
            self._live_until = queued.queued_at + LIVE_S
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
            waiting = self._queue.take_all()
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
                for queued in jobs:
                    self._queue.add(queued)
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
            self._enqueue(unfinished)
            for queued in batch:
                self._queue.done(queued)
            self._giving_way -= bool(batch) and not batch[0].urgent
            if self._queue.waits:
                self._changed.notify()
        return bool(batch)

    def _next_batch(self, index: int) -> list[QueuedJob]:
        """Wait for the next batch; empty when the worker has to end."""
        with self._changed:
            while index < self._workers:
                batches = [(self._remaining_wait_s(batch), batch) for batch in self._batches()]
                ready = next((batch for wait_s, batch in batches if wait_s <= 0), None)
                if ready:
                    for queued in ready:
                        # Starting a job computes nothing.
                        self._queue.take(queued, counts=queued.computation is not None)
                    self._giving_way += not ready[0].urgent
                    if self._queue.waits:
                        # This worker may have consumed the notification for a job that is still waiting.
                        self._changed.notify()
                    return ready
                self._changed.wait(min((wait_s for wait_s, _ in batches), default=None))
            del self._threads[index]
            self._changed.notify_all()
            return []

    def _batches(self) -> list[list[QueuedJob]]:
        """The next jobs in the queue, grouped into batches, the batch with the first job first.

        Jobs are started before any of them is computed, so that their first computations can join a batch.
        """
        following = self._next_jobs()
        if unstarted := next((queued for queued in following if queued.computation is None), None):
            return [[unstarted]]
        groups: dict[Hashable, list[QueuedJob]] = {}
        for queued in following:
            groups.setdefault(queued.batch_key, []).append(queued)
        return [group[: self._max_size(group)] for group in groups.values()]

    def _next_jobs(self) -> Sequence[QueuedJob]:
        """The next jobs in the queue, without those whose callers have gone, which are dropped."""
        while True:
            following = self._queue.first(max(LOOKED_AT, 4 * self.batch_size))
            cancelled = [queued for queued in following if queued.outcome.cancelled()]
            if not cancelled:
                return following
            for queued in cancelled:
                queued.job.close()
                self._queue.drop(queued)

    def _max_size(self, batch: Sequence[QueuedJob]) -> int:
        computation = batch[0].computation
        return 1 if computation is None else max(1, min(self.batch_size, computation.max_batch_size))

    def _remaining_wait_s(self, batch: Sequence[QueuedJob]) -> float:
        """How long a batch still waits: for a worker that need not be kept free, or for more computations if
        they are the first of all its jobs."""
        if not batch[0].urgent and self._giving_way >= max(1, self._workers - 1):
            return max(0.0, self._live_until - time.monotonic())
        if batch[0].computation is None or any(queued.started_at is not None for queued in batch):
            return 0.0
        if len(batch) >= self._max_size(batch):
            return 0.0
        return min(queued.queued_at for queued in batch) + self.wait_s - time.monotonic()

    def _others_are_urgent(self, batch: Sequence[QueuedJob]) -> bool:
        """Whether there are urgent jobs outside ``batch``."""
        with self._changed:
            return any(
                queued not in batch and not queued.outcome.cancelled()
                for queued in self._queue.all(urgent=True)
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
