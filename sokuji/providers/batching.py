"""The queue in front of a loaded model: puts together what several callers want computed.

The work for a caller is a *job*: a generator that yields *steps*, pieces of computation, and is sent the
result of each. Steps of one bucket can be computed together, whoever they belong to, so that jobs meet at
every step anew and part again where they differ. Nothing waits for a full batch unless ``wait_s`` says so: a
free worker takes what there is, and batches form by themselves as soon as there is more than that.
"""

import asyncio
import atexit
import itertools
import threading
import time
import weakref
from collections.abc import Generator, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from sokuji.contract import Effort
from sokuji.errors import ProviderUnavailable

T = TypeVar("T")


class Step(Protocol):
    """A piece of computation for one job."""

    @property
    def bucket(self) -> Hashable:
        """Steps of one class with equal buckets can be computed together."""

    @property
    def most(self) -> int:
        """How many may be together at most."""

    @property
    def spare(self) -> bool:
        """Whether it is left out, its result None, while there are urgent jobs of others."""

    @classmethod
    def together(cls, steps: Sequence[Self]) -> Sequence[Any]:
        """The result of each of the steps of a bucket; it must not depend on the others."""


Job = Generator[Any, Any, T]
"""Yields steps, is sent their results or thrown their errors, and returns the answer."""


@dataclass(frozen=True, slots=True)
class JobResult(Generic[T]):
    """What a job returned, and what it took."""

    value: T
    effort: Effort


@dataclass(eq=False, slots=True)
class _Ticket:
    """A job in the queue or at work."""

    job: Job[Any]
    urgent: bool
    number: int
    came_at: float
    outcome: Future[JobResult[Any]] = field(default_factory=Future)
    step: Any = None
    """What is to be computed next; None before the job has begun."""
    began_at: float | None = None
    busy_s: float = 0.0
    largest_batch: int = 1

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """The least goes first: urgent ones, among these those that can join the others' first step."""
        return not self.urgent, self.step is not None, self.number

    @property
    def key(self) -> Hashable:
        """Equal for those of one urgency that can be worked on together."""
        step = self.step
        return self.number if step is None else (type(step), step.bucket, step.spare)

    def effort(self) -> Effort:
        began = self.came_at if self.began_at is None else self.began_at
        return Effort(queued_s=began - self.came_at, busy_s=self.busy_s, batch_size=self.largest_batch)


class Batcher:
    """Works off jobs in a few threads; the most urgent first, and those that came first among equals.

    ``batch_size``, ``wait_s`` and, by ``resize``, the number of threads may change at any time.
    """

    def __init__(self, name: str, *, workers: int, batch_size: int = 1, wait_s: float = 0.0) -> None:
        """
        Args:
            workers: threads.
            batch_size: steps that are computed together, at most.
            wait_s: how long a job waits for others to join its first step while a worker is free.
        """
        self.batch_size = batch_size
        self.wait_s = wait_s
        self._name = name
        self._numbers = itertools.count()
        self._waiting: list[_Ticket] = []
        self._at_work: list[_Ticket] = []
        self._changed = threading.Condition()
        self._closed = False
        self._workers = 0
        self._threads: dict[int, threading.Thread] = {}
        _batchers.add(self)
        self.resize(workers)

    def resize(self, workers: int) -> None:
        """Use so many threads; those that are too many end with what they are doing."""
        with self._changed:
            self._workers = 0 if self._closed else workers
            for index in range(self._workers):
                if index not in self._threads:
                    thread = threading.Thread(
                        target=self._work, args=(index,), name=f"{self._name}-{index}", daemon=True
                    )
                    self._threads[index] = thread
                    thread.start()
            self._changed.notify_all()

    async def run(self, job: Job[T], *, urgent: bool = True) -> JobResult[T]:
        """What ``job`` returns; its errors are raised. For a caller that is cancelled no step is begun."""
        ticket = _Ticket(job, urgent, next(self._numbers), time.monotonic())
        self._queue([ticket])
        return await asyncio.wrap_future(ticket.outcome)

    def shutdown(self) -> None:
        """Let running steps finish and begin no more."""
        with self._changed:
            self._closed, self._workers = True, 0
            self._changed.notify_all()
            waiting, self._waiting = self._waiting, []
        self._queue(waiting)

    def join(self) -> None:
        """Wait for the threads to end, after ``shutdown``."""
        with self._changed:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _queue(self, tickets: Sequence[_Ticket]) -> None:
        with self._changed:
            if not self._closed:
                self._waiting += tickets
                self._changed.notify(len(tickets))
                return
        for ticket in tickets:
            ticket.job.close()
            _resolve(ticket, ProviderUnavailable(f"{self._name} has been closed"))

    def _work(self, index: int) -> None:
        while self._turn(index):
            pass

    def _turn(self, index: int) -> bool:
        """Work on the next batch; whether there was one. Nothing of it is kept by a worker that waits."""
        batch = self._take(index)
        outcomes = zip(batch, self._compute(batch) if batch else (), strict=True)
        goes_on = [ticket for ticket, result in outcomes if _advance(ticket, result)]
        with self._changed:
            self._at_work = [ticket for ticket in self._at_work if ticket not in batch]
        self._queue(goes_on)
        return bool(batch)

    def _take(self, index: int) -> list[_Ticket]:
        """The next tickets for a worker, once there are any; none when the worker is to end."""
        with self._changed:
            while index < self._workers:
                self._drop_abandoned()
                batches = [(self._patience_s(batch), batch) for batch in self._batches()]
                ready = next((batch for patience_s, batch in batches if patience_s <= 0), None)
                if ready:
                    self._waiting = [ticket for ticket in self._waiting if ticket not in ready]
                    self._at_work += ready
                    if self._waiting:
                        # The worker that waited for what is left may have been woken for this batch.
                        self._changed.notify()
                    return ready
                self._changed.wait(min((patience_s for patience_s, _ in batches), default=None))
            del self._threads[index]
            self._changed.notify_all()
            return []

    def _drop_abandoned(self) -> None:
        for ticket in self._waiting:
            if ticket.outcome.cancelled():
                ticket.job.close()
        self._waiting = [ticket for ticket in self._waiting if not ticket.outcome.cancelled()]

    def _batches(self) -> list[list[_Ticket]]:
        """The most urgent tickets, those of one batch together; the one that goes first leads."""
        queue = sorted(self._waiting, key=lambda ticket: ticket.rank)
        groups: dict[Hashable, list[_Ticket]] = {}
        for ticket in queue:
            if ticket.urgent == queue[0].urgent:
                groups.setdefault(ticket.key, []).append(ticket)
        return [mates[: self._most(mates)] for mates in groups.values()]

    def _most(self, mates: Sequence[_Ticket]) -> int:
        step = mates[0].step
        return 1 if step is None else max(1, min(self.batch_size, step.most))

    def _patience_s(self, batch: Sequence[_Ticket]) -> float:
        """How long a batch may still wait for more; only before the first step of all its members."""
        if batch[0].step is None or any(ticket.began_at is not None for ticket in batch):
            return 0.0
        if len(batch) >= self._most(batch):
            return 0.0
        return min(ticket.came_at for ticket in batch) + self.wait_s - time.monotonic()

    def _is_shared(self, batch: Sequence[_Ticket]) -> bool:
        """Whether there are urgent jobs besides those of a batch."""
        with self._changed:
            tickets = [*self._waiting, *self._at_work]
        return any(each.urgent and each not in batch and not each.outcome.cancelled() for each in tickets)

    def _compute(self, batch: Sequence[_Ticket]) -> Sequence[Any]:
        """The result, or its error, of each ticket's step. One that fails is not let harm the others."""
        if batch[0].step is None or (batch[0].step.spare and self._is_shared(batch)):
            return [None] * len(batch)
        began = time.monotonic()
        steps = [ticket.step for ticket in batch]
        for ticket in batch:
            ticket.began_at = ticket.began_at or began
            ticket.largest_batch = max(ticket.largest_batch, len(batch))
        results = _results(steps)
        took_s = time.monotonic() - began
        for ticket in batch:
            ticket.busy_s += took_s
        return results


_batchers: "weakref.WeakSet[Batcher]" = weakref.WeakSet()
"""Those with threads at least, which refer to them."""


@atexit.register
def _end() -> None:
    """Let no thread come back from a library while the interpreter goes down: that aborts the process."""
    for batcher in list(_batchers):
        batcher.shutdown()
        batcher.join()


def _results(steps: Sequence[Any]) -> Sequence[Any]:
    try:
        results = type(steps[0]).together(steps)
        return [result for _, result in zip(steps, results, strict=True)]
    except Exception as error:
        if len(steps) == 1:
            return [error]
        return [_results([step])[0] for step in steps]


def _advance(ticket: _Ticket, result: Any) -> bool:
    """Send the result of its step to a job; whether it wants another step."""
    try:
        if isinstance(result, Exception):
            ticket.step = ticket.job.throw(result)
        else:
            ticket.step = ticket.job.send(result)
    except StopIteration as end:
        _resolve(ticket, JobResult(end.value, ticket.effort()))
    except Exception as error:
        _resolve(ticket, error)
    else:
        return True
    return False


def _resolve(ticket: _Ticket, outcome: JobResult[Any] | Exception) -> None:
    try:
        if isinstance(outcome, Exception):
            ticket.outcome.set_exception(outcome)
        else:
            ticket.outcome.set_result(outcome)
    except InvalidStateError:
        pass  # The caller has gone meanwhile.
