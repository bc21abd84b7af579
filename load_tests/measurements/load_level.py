"""One load level: sessions that speak at the same time, and the latency of every sentence.

What was said is known from the recording that was sent, not from the service: a sentence that the service did
not notice counts as lost.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from load_tests.scenarios.sessions import ServiceSession
from sokuji.errors import SokujiError
from sokuji.measure.latency import LATENCY_POINTS, LatencyPoint, Percentiles, UtteranceTimes, percentiles

LATE_MS = 200
"""A frame that is sent later than this makes the reported latency longer than that of the service."""


@dataclass(frozen=True, slots=True)
class SentenceTiming:
    """A sentence that was answered completely; times are monotonic seconds."""

    began: float
    ended: float
    delays_ms: Mapping[LatencyPoint, float]
    """From the end of its speech to each point."""
    completed: float


def sentence_timings(session: ServiceSession) -> list[SentenceTiming]:
    """The sentences of a session whose responses are complete."""
    timings = []
    for span_ms in session.speech.spans_ms:
        stopwatch = session.stopwatch
        if response := response_to(*span_ms, stopwatch.utterances.values(), stopwatch.points):
            began, ended = map(session.pace.spoken_at, span_ms)
            timings.append(SentenceTiming(began, ended, response.delays_ms(ended), response.at["last audio"]))
    return timings


def response_to(
    start_ms: int,
    end_ms: int,
    utterances: Iterable[UtteranceTimes],
    points: Sequence[LatencyPoint] = LATENCY_POINTS,
) -> UtteranceTimes | None:
    """What came back for the sentence between two times; None where one of ``points`` is missing.

    The service may take a sentence with pauses for several utterances. All of them must be complete; the
    first one tells when the voice began, the last one how long the listener waited for everything else.
    """
    parts = [each for each in utterances if each.start_ms < end_ms and each.end_ms > start_ms]
    if not parts or any(not part.at.keys() >= set(points) for part in parts):
        return None
    first, last = parts[0], parts[-1]
    return replace(last, start_ms=first.start_ms, at={**last.at, "first audio": first.at["first audio"]})


@dataclass(frozen=True, slots=True)
class LoadLevel:
    """The outcome of one level, ready for JSON; its sentences are counted."""

    sessions: int
    sent: int
    received: int
    lost: int
    out_of_order: int
    resumptions: int
    in_real_time: int
    """Sessions in which no frame was sent more than ``LATE_MS`` late."""
    behind_ms: float
    errors: Mapping[str, int]
    latency_ms: Mapping[LatencyPoint, Percentiles]

    @property
    def sound(self) -> bool:
        """Whether every sentence came back, and in order."""
        return self.lost == 0 and self.out_of_order == 0


def summarise(sessions: Sequence[ServiceSession]) -> LoadLevel:
    """All sessions of a level together."""
    delays = [each.delays_ms for session in sessions for each in sentence_timings(session)]
    sent = sum(len(session.speech.spans_ms) for session in sessions)
    return LoadLevel(
        sessions=len(sessions),
        sent=sent,
        received=len(delays),
        lost=sent - len(delays),
        out_of_order=sum(session.stopwatch.out_of_order for session in sessions),
        resumptions=sum(session.resumptions for session in sessions),
        in_real_time=sum(session.behind_ms <= LATE_MS for session in sessions),
        behind_ms=round(max((session.behind_ms for session in sessions), default=0), 1),
        errors=dict(sum((session.errors for session in sessions), Counter())),
        latency_ms=percentiles(delays),
    )


def require_sound(measured: Iterable[LoadLevel]) -> None:
    """Raise SokujiError if a level lost or misplaced a sentence."""
    if not all(level.sound for level in measured):
        raise SokujiError("sentences were lost or came out of order")
