"""How busy one provider is, as it reports it with its answers and its description.

The reports cover the calls of all gateways. A gateway that makes no calls gets them with the descriptions,
which it asks for every few seconds.
"""

import math
import time
from collections.abc import Callable

from sokuji.contract import BUSY_WINDOW_S, Effort, StageName, WorkerReport
from sokuji.moving_average import ValueAverage

FRESH_S = 6.0
"""A report holds until the next description may be expected; then it fades."""
FORGET_S = 60.0
"""A replica that reports nothing for this long is gone."""


class ProviderLoad:
    """The load of one provider of a stage.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, stage: StageName, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage = stage
        self.provider = ""
        """Its name, once it has described itself."""
        self.work_s = 0.0
        """Seconds of its workers that this process has needed for urgent requests, since the start."""
        self._clock = clock
        self._reports: dict[str, tuple[WorkerReport, float]] = {}
        """Replica -> its last report and when that came."""
        self._waits = ValueAverage(BUSY_WINDOW_S)

    def described(self, provider: str, report: WorkerReport | None) -> None:
        """Note a description."""
        self.provider = provider
        self._note(report)

    def answered(self, effort: Effort | None, *, urgent: bool = True, first: bool = True) -> None:
        """Note an answer.

        Args:
            effort: None: the provider reports none.
            urgent: whether somebody waited for it.
            first: whether the request waited in the queue, and not just the next part of its answer.
        """
        if effort is None:
            return
        self._note(effort.report)
        if urgent:
            self.work_s += effort.work_s
            if first:
                self._waits.add(effort.queued_s, self._clock())

    def _note(self, report: WorkerReport | None) -> None:
        now = self._clock()
        if report is not None:
            self._reports[report.replica] = report, now
        self._reports = {key: each for key, each in self._reports.items() if now - each[1] <= FORGET_S}

    @property
    def workers(self) -> int:
        """Workers of all its replicas; 0: it reports none."""
        now = self._clock()
        return sum(report.workers for report, at in self._reports.values() if now - at <= FORGET_S)

    @property
    def replicas(self) -> int:
        """Replicas that report workers."""
        now = self._clock()
        return sum(now - at <= FORGET_S for _, at in self._reports.values())

    @property
    def busy(self) -> float:
        """Workers that are busy with what somebody waits for, on average."""
        now = self._clock()
        return sum(
            report.busy * math.exp(min(0.0, FRESH_S - (now - at)) / BUSY_WINDOW_S)
            for report, at in self._reports.values()
            if now - at <= FORGET_S
        )

    @property
    def wait_s(self) -> float:
        """Mean wait of the last requests in its queue, in seconds."""
        return self._waits.at(self._clock())
