"""Jobs: what is computed for one request, divided into computations that a ``Batcher`` can run in batches.

A job is a generator that yields ``Computation`` objects and is sent the result of each.
"""

from collections.abc import Callable, Generator, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from sokuji.contract import Effort, WorkerReport

T = TypeVar("T")


class Computation(Protocol):
    """A part of a job that is computed in one call, alone or in a batch."""

    @property
    def batch_key(self) -> Hashable:
        """Computations of one class with equal keys can be computed together."""

    @property
    def max_batch_size(self) -> int:
        """How many can be computed together at most."""

    @property
    def optional(self) -> bool:
        """Whether it is skipped, with None as its result, while there are urgent jobs of other callers."""

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> Sequence[Any]:
        """The result of each computation of a batch, in order; no result may depend on the others, but for
        rounding."""


Job = Generator[Any, Any, T]
"""Yields computations, is sent their results or thrown their errors, and returns the result of the job."""


@dataclass(frozen=True, slots=True)
class JobResult(Generic[T]):
    """What a job returned, and what it took."""

    value: T
    effort: Effort


@dataclass(eq=False, slots=True)
class QueuedJob:
    """A job in the queue or in a worker."""

    job: Job[Any]
    caller: str
    urgent: bool
    number: int
    queued_at: float
    outcome: Future[JobResult[Any]] = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)
    """Of the caller's task: what the job logs has its ids."""
    computation: Any = None
    """The next computation; None before the generator has been started."""
    started_at: float | None = None
    busy_s: float = 0.0
    work_s: float = 0.0
    largest_batch: int = 1
    due: ClassVar[float] = 0.0
    """See ``Queued``: callers take turns."""

    @property
    def batch_key(self) -> Hashable:
        """Equal for jobs of one urgency whose next computations can be computed together."""
        computation = self.computation
        if computation is None:
            return self.number
        return type(computation), computation.batch_key, computation.optional

    def advance(self, result: Any, report: Callable[[], WorkerReport]) -> bool:
        """Send the result of its computation to the job; True when the job has yielded another one.

        Args:
            result: an exception is raised in the job instead.
            report: of the workers, for a job that ends.
        """
        try:
            if isinstance(result, Exception):
                self.computation = self.context.run(self.job.throw, result)
            else:
                self.computation = self.context.run(self.job.send, result)
        except StopIteration as end:
            self.resolve(JobResult(end.value, self._effort(report())))
        except Exception as error:
            self.resolve(error)
        else:
            return True
        return False

    def resolve(self, outcome: JobResult[Any] | Exception) -> None:
        """Pass the outcome to the caller, unless it has been cancelled."""
        try:
            if isinstance(outcome, Exception):
                self.outcome.set_exception(outcome)
            else:
                self.outcome.set_result(outcome)
        except InvalidStateError:
            pass

    def _effort(self, report: WorkerReport) -> Effort:
        started = self.queued_at if self.started_at is None else self.started_at
        return Effort(
            queued_s=started - self.queued_at,
            busy_s=self.busy_s,
            batch_size=self.largest_batch,
            work_s=self.work_s,
            report=report,
        )


def compute_batch(batch: Sequence[Any]) -> Sequence[Any]:
    """The results of a batch; if it fails as a whole, each computation is repeated alone."""
    try:
        results = type(batch[0]).compute_batch(batch)
        return [result for _, result in zip(batch, results, strict=True)]
    except Exception as error:
        if len(batch) == 1:
            return [error]
        return [compute_batch([computation])[0] for computation in batch]
