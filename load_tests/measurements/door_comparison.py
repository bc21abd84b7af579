"""First audio through ``/v1/realtime/translations`` over that through the bridge's own door, in one run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from load_tests.measurements.service_load import MeasuredLevel
from sokuji.measure.latency import LatencyPoint

POINT: LatencyPoint = "first audio"


@dataclass(frozen=True, slots=True)
class DoorComparison:
    """Two levels that were measured one after the other, with the same number of sessions."""

    sessions: int
    bridge_ms: float
    openai_ms: float
    """Medians of the wait for the first audio."""

    @property
    def ratio(self) -> float:
        """What the wait through OpenAI's door is of that through the bridge's."""
        return self.openai_ms / self.bridge_ms


def compare_doors(measured: Sequence[MeasuredLevel]) -> list[DoorComparison]:
    """The pairs of levels; empty if only one door was measured, or nothing was answered."""
    return [
        DoorComparison(one.level.sessions, _wait_ms(one), _wait_ms(other))
        for one, other in pairwise(measured)
        if (one.door, other.door) == ("bridge", "openai")
        and one.level.sessions == other.level.sessions
        and POINT in one.level.latency_ms
        and POINT in other.level.latency_ms
    ]


def median_ratio(compared: Iterable[DoorComparison]) -> float:
    """Of at least one pair."""
    return round(median(each.ratio for each in compared), 3)


def _wait_ms(measured: MeasuredLevel) -> float:
    return measured.level.latency_ms[POINT].p50
