"""The memory that a replica may take: ``memory`` in its ``ray_actor_options``, in bytes.

Ray places replicas by it and enforces nothing; the kernel kills a container or a machine that has run out of
memory, with all that is in it. So a replica that stays above its own bound has itself replaced before: its
health check fails. What counts is what only the end of the process gives back: anonymous memory, in RAM or
swapped out (proc_pid_status(5)), of the process and its children. Files that are mapped do not count.
"""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ray
from ray import serve
from ray.serve.exceptions import RayServeException

from sokuji.capacity.memory import format_gb

CONFIRMED_S = 10.0
"""A batch of long inputs may exceed the bound for as long as this."""
_ANONYMOUS = re.compile(r"^(?:RssAnon|VmSwap):\s+(\d+) kB$", re.MULTILINE)


class MemoryBound:
    """Whether this process has outgrown its bound.

    Args:
        limit: bytes; None: there is no bound.
        measure: returns the bytes that are taken now.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        limit: int | None,
        measure: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._measure = measure or taken
        self._clock = clock
        self._above_since: float | None = None

    @property
    def excess(self) -> str | None:
        """By how much the bound has been exceeded for long, as text; None: it has not. To be asked often."""
        if self._limit is None:
            return None
        size = self._measure()
        if size <= self._limit:
            self._above_since = None
            return None
        if self._above_since is None:
            self._above_since = self._clock()
        if self._clock() - self._above_since < CONFIRMED_S:
            return None
        return f"{format_gb(size)} of memory are taken, and its bound (memory) is {format_gb(self._limit)}"


def of_replica() -> MemoryBound:
    """The bound of the replica in this process; outside a replica, none."""
    try:
        serve.get_replica_context()
    except RayServeException:
        return MemoryBound(None)
    resources: dict[str, float]
    resources = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    return MemoryBound(round(resources.get("memory", 0)) or None)


def taken(pid: str = "self") -> int:
    """Bytes of anonymous memory of a process and all of its children; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    own = sum(int(size) for size in _ANONYMOUS.findall(status)) * 1_024
    return own + sum(taken(child) for child in _children(pid))


def _children(pid: str) -> Iterator[str]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from path.read_text().split()
        except OSError:  # The thread has ended meanwhile.
            continue
