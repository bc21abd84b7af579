"""One load level: sessions that speak at the same time, and what came of every sentence.

What was said is known from the composed recording, not from the service: a sentence that the service did
not hear counts as lost.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sokuji.measure.latency import (
    LATENCY_POINTS,
    LatencyPoint,
    Percentiles,
    RealTimeSource,
    Stopwatch,
    UtteranceTimes,
    percentiles,
)

LATE_MS = 200
"""A frame that leaves later than this makes the wait that is reported longer than the service's own."""


@dataclass(slots=True)
class Session:
    """What one session said and what came back."""

    spans_ms: Sequence[tuple[int, int]]
    """Where the sentences lie in the recording."""
    stopwatch: Stopwatch
    pace: RealTimeSource = field(default_factory=RealTimeSource)
    errors: Counter[str] = field(default_factory=Counter)
    """How often each error code came."""
    resumptions: int = 0
    """How often the connection was lost and the conversation went on."""
    behind_ms: float = 0
    """How late its latest frame was sent; much of it means that this client was too slow, not the service."""

    def delays_ms(self) -> list[dict[LatencyPoint, float]]:
        """For each sentence the milliseconds from its end to each stage; only complete ones."""
        found = []
        for start_ms, end_ms in self.spans_ms:
            answer = answer_to(start_ms, end_ms, self.stopwatch.utterances.values())
            if answer is not None:
                found.append(answer.delays_ms(self.pace.spoken_at(end_ms)))
        return found


def answer_to(start_ms: int, end_ms: int, heard: Iterable[UtteranceTimes]) -> UtteranceTimes | None:
    """What came back for the sentence between two times; None where something is missing.

    A sentence with pauses may be heard as several utterances. All of them must have been answered; the first
    one tells when the voice began, the last one how long the listener waited for everything else.
    """
    parts = [each for each in heard if each.start_ms < end_ms and each.end_ms > start_ms]
    if not parts or any(len(part.at) < len(LATENCY_POINTS) for part in parts):
        return None
    first, last = parts[0], parts[-1]
    return replace(last, start_ms=first.start_ms, at={**last.at, "first audio": first.at["first audio"]})


@dataclass(frozen=True, slots=True)
class Level:
    """The outcome of one level, ready for JSON."""

    sessions: int
    sent: int
    received: int
    lost: int
    out_of_order: int
    resumptions: int
    in_real_time: int
    """Sessions that this client kept at the pace of speech: no frame left more than ``LATE_MS`` late."""
    behind_ms: float
    """How late its latest frame was."""
    errors: Mapping[str, int]
    latency_ms: Mapping[LatencyPoint, Percentiles]

    @property
    def sound(self) -> bool:
        """Whether every sentence came back, and in order."""
        return self.lost == 0 and self.out_of_order == 0


def summarise(sessions: Sequence[Session]) -> Level:
    """What the sessions of a level went through, together."""
    delays = [each for session in sessions for each in session.delays_ms()]
    sent = sum(len(session.spans_ms) for session in sessions)
    errors = sum((session.errors for session in sessions), Counter())
    return Level(
        sessions=len(sessions),
        sent=sent,
        received=len(delays),
        lost=sent - len(delays),
        out_of_order=sum(session.stopwatch.out_of_order for session in sessions),
        resumptions=sum(session.resumptions for session in sessions),
        in_real_time=sum(session.behind_ms <= LATE_MS for session in sessions),
        behind_ms=round(max((session.behind_ms for session in sessions), default=0), 1),
        errors=dict(errors),
        latency_ms=percentiles(delays),
    )
