"""How busy the workers of a provider are: what admission of sessions and autoscaling are decided by. Pure.

Only work that somebody waits for counts. What gives way to it (hypotheses, recordings) fills whatever is
left, and says nothing about how much more live speech there is room for.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sokuji.contract import BUSY_WINDOW_S, WorkerReport

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
        self._average = 0.0
        self._since = clock()
        """When ``_computing`` changed last, up to which ``_average`` counts."""

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
            self._advance()
            return WorkerReport(replica=REPLICA, workers=workers, busy=self._average)

    def _change(self, by: int) -> None:
        with self._lock:
            self._advance()
            self._computing += by

    def _advance(self) -> None:
        """An exponential moving average over time, exact for a count that changes in steps."""
        now = self._clock()
        kept = math.exp((self._since - now) / BUSY_WINDOW_S)
        self._average = self._computing + (self._average - self._computing) * kept
        self._since = now
