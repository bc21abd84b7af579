"""What the sessions of a gateway replica need of a provider: for refusals, gauges and autoscaling."""

import math
from dataclasses import dataclass
from typing import Literal

from sokuji.contract import StageName

Reason = Literal["busy", "queue"]
"""Why a provider has no room: its workers are busy, or its queue is long."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDemand:
    """The demand on one provider; numbers of workers unless a field says otherwise."""

    stage: StageName
    provider: str
    workers: int
    """0: it reports none, and is judged by its queue alone."""
    replicas: int
    """Replicas that have these workers."""
    gateways: int
    """Gateway replicas, whose reservations are taken to be the same."""
    limit: float
    """Workers that may be busy."""
    busy: float
    """Busy now, by the calls of all gateways."""
    reserved: float
    """Kept free for sessions that have been let in and speak less than expected yet."""
    newcomer: float
    """What one more session is expected to need."""
    refused: float
    """What the sessions need that have been refused lately."""
    wait_s: float
    """Mean wait in the queue."""
    max_wait_s: float

    @property
    def load(self) -> float:
        """Share of the room that is taken; at 1 there is none for another session."""
        taken = (self.busy + self.reserved) / self.limit if self.workers else 0.0
        return max(taken, self.wait_s / self.max_wait_s)

    @property
    def excess(self) -> float:
        """Workers that are missing for one more session; 0 or less: there is room."""
        return self.busy + self.reserved + self.newcomer - self.limit

    @property
    def is_full(self) -> bool:
        """Whether there is no room even without another session."""
        return self.busy > self.limit or self.wait_s > self.max_wait_s

    @property
    def full_by(self) -> Reason | None:
        """Why it has no room for another session; None: it has."""
        if self.wait_s > self.max_wait_s:
            return "queue"
        return "busy" if self.excess > ROUNDING else None

    @property
    def room(self) -> float:
        """Further sessions for which there is room; negative: there are too many."""
        free = self.limit - self.busy - self.reserved
        further = (free + ROUNDING) / self.newcomer if self.newcomer else math.inf
        return min(further, 0.0) if self.wait_s > self.max_wait_s else further
