"""One load level: sessions that speak at the same time, and the latency of every sentence.

What was said is known from the recording that was sent, not from the service: a sentence that the service did
not notice counts as lost.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from load_tests.scenarios.sessions import ServiceSession
from sokuji.errors import SokujiError, VoiceLeftOut
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
    at = dict(last.at)
    if "first audio" in points:
        at["first audio"] = first.at["first audio"]
    return replace(last, start_ms=first.start_ms, at=at)


@dataclass(frozen=True, slots=True)
class LoadLevel:
    """The outcome of one level, ready for JSON; its sentences are counted."""

    sessions: int
    """Those that the service let in and those that it refused."""
    sent: int
    """Sentences of the sessions that were let in; so are all other numbers of sentences."""
    received: int
    """Answered completely, by voice too."""
    lost: int
    out_of_order: int
    resumptions: int
    in_real_time: int
    """Sessions in which no frame was sent more than ``LATE_MS`` late."""
    behind_ms: float
    errors: Mapping[str, int]
    latency_ms: Mapping[LatencyPoint, Percentiles]
    refused: int = 0
    """Sessions for which the service had no room."""
    refused_within_ms: float | None = None
    """How long the slowest refusal took; None: there was none."""
    unspoken: int = 0
    """Sentences that were translated and, as the service said, came too late for a voice."""

    @property
    def sound(self) -> bool:
        """Whether every sentence came back, and in order."""
        return self.lost == 0 and self.out_of_order == 0


def summarise(sessions: Sequence[ServiceSession]) -> LoadLevel:
    """All sessions of a level together."""
    refusals_s = [each.refused_after_s for each in sessions if each.refused_after_s is not None]
    admitted = [each for each in sessions if each.refused_after_s is None]
    delays = [each.delays_ms for session in admitted for each in sentence_timings(session)]
    sent = sum(len(session.speech.spans_ms) for session in admitted)
    unspoken = min(sum(map(_unspoken, admitted)), sent - len(delays))
    return LoadLevel(
        sessions=len(sessions),
        sent=sent,
        received=len(delays),
        lost=sent - len(delays) - unspoken,
        out_of_order=sum(session.stopwatch.out_of_order for session in admitted),
        resumptions=sum(session.resumptions for session in admitted),
        in_real_time=sum(session.behind_ms <= LATE_MS for session in admitted),
        behind_ms=round(max((session.behind_ms for session in admitted), default=0), 1),
        errors=dict(sum((session.errors for session in admitted), Counter())),
        latency_ms=percentiles(delays),
        refused=len(refusals_s),
        refused_within_ms=round(1_000 * max(refusals_s), 1) if refusals_s else None,
        unspoken=unspoken,
    )


def _unspoken(session: ServiceSession) -> int:
    """Sentences that came back as text alone, because of ``voice_left_out``."""
    if not session.errors[VoiceLeftOut.code]:
        return 0
    utterances = session.stopwatch.utterances.values()
    texts = [point for point in session.stopwatch.points if "audio" not in point]
    translated = [response_to(*span_ms, utterances, texts) for span_ms in session.speech.spans_ms]
    return sum(each is not None for each in translated) - len(sentence_timings(session))


def require_sound(measured: Iterable[LoadLevel]) -> None:
    """Raise SokujiError if a level lost or misplaced a sentence."""
    if not all(level.sound for level in measured):
        raise SokujiError("sentences were lost or came out of order")
