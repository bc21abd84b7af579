"""How long a service took to recover from the kill of a replica."""

from collections.abc import Sequence
from dataclasses import dataclass

from load_tests.measurements.load_level import SentenceTiming
from load_tests.scenarios.replica_kills import ReplicaKill


@dataclass(frozen=True, slots=True)
class Recovery:
    """The effect of a kill on users."""

    deployment: str
    at_s: float
    """When, in seconds since the run began."""
    replaced_s: float | None
    recovered_s: float | None
    """From the kill to the complete response to the first sentence begun after it; None: none came."""
    worst_first_audio_ms: float | None
    """The longest wait for a voice among the sentences that were open at the kill or begun until recovery."""


def recovery(kill: ReplicaKill, timings: Sequence[SentenceTiming], began: float) -> Recovery:
    """The effect of a kill in a run that began at ``began`` (monotonic seconds)."""
    over = min((each.completed for each in timings if each.began >= kill.at), default=None)
    affected = [
        each.delays_ms["first audio"]
        for each in timings
        if each.completed > kill.at and (over is None or each.began < over)
    ]
    return Recovery(
        deployment=kill.deployment,
        at_s=round(kill.at - began, 1),
        replaced_s=None if kill.replaced_s is None else round(kill.replaced_s, 1),
        recovered_s=None if over is None else round(over - kill.at, 1),
        worst_first_audio_ms=round(max(affected)) if affected else None,
    )
