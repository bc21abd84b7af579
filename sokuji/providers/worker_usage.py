"""How busy the workers of a provider are: what admission of sessions and autoscaling are decided by. Pure.

Only work that somebody waits for counts. What gives way to it (hypotheses, recordings) fills whatever is
left, and says nothing about how much more live speech there is room for.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sokuji.contract import BUSY_WINDOW_S, WorkerReport
from sokuji.moving_average import LevelAverage

REPLICA = f"{socket.gethostname()}:{os.getpid()}"
"""Names this process in reports."""


class WorkerUsage:
    """Counts the workers that compute; may be used from several threads.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._computing = 0
        self._average = LevelAverage(BUSY_WINDOW_S, clock())

    @contextmanager
    def computing(self, *, urgent: bool = True) -> Iterator[None]:
        """Count a worker as busy, if its work is urgent."""
        if not urgent:
            yield
            return
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def report(self, workers: int) -> WorkerReport:
        """The use up to now of ``workers``."""
        with self._lock:
            busy = self._average.at(self._clock())
        return WorkerReport(replica=REPLICA, workers=workers, busy=busy)

    def _change(self, by: int) -> None:
        with self._lock:
            self._computing += by
            self._average.set(self._computing, self._clock())
