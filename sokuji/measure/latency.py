"""The latency of a conversation: from the end of an utterance's speech to each result.

Speech is sent at the pace at which it would be spoken, so its position in the recording tells when a sound
was made. A sender that falls behind therefore adds to the latency.

With ``commit`` by clause the translation starts while the speaker continues: the first audio may come before
the end of the speech. Translation and last audio are those of the utterance's last clause.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from sokuji import events

LatencyPoint = Literal["endpoint", "caption", "translation", "first audio", "last audio"]
"""The results that are timed. ``endpoint``: the service has detected the end of the utterance."""
LATENCY_POINTS: tuple[LatencyPoint, ...] = get_args(LatencyPoint)
FRAME_MS = 80
"""Audio of one message. A service has costs per message, and partial transcripts need no shorter ones."""


class RealTimeSource:
    """Plays a recording like a microphone: each frame is available when its last sample has been spoken."""

    def __init__(self) -> None:
        self.began: float | None = None
        """``time.monotonic()`` at which the first sample was spoken; None before that."""

    def spoken_at(self, ms: float) -> float:
        """``time.monotonic()`` at which the sample at ``ms`` of the recording was spoken."""
        if self.began is None:
            raise RuntimeError("nothing has been played yet")
        return self.began + ms / 1_000

    async def frames(
        self, pcm: bytes, sample_rate: int, reached: Callable[[float], None]
    ) -> AsyncIterator[bytes]:
        """Mono int16 PCM in frames of ``FRAME_MS``; ``reached`` is called with the position in ms."""
        self.began = time.monotonic()
        size = 2 * sample_rate * FRAME_MS // 1_000
        for start in range(0, len(pcm), size):
            frame = pcm[start : start + size]
            spoken_ms = (start + len(frame)) / 2 / sample_rate * 1_000
            await asyncio.sleep(self.spoken_at(spoken_ms) - time.monotonic())
            reached(spoken_ms)
            yield frame


@dataclass(slots=True)
class UtteranceTimes:
    """When the results of one utterance came."""

    start_ms: int
    end_ms: int
    """Start and end of its speech in the recording, as the service detected them."""
    at: dict[LatencyPoint, float] = field(default_factory=dict)
    """In ``time.monotonic()`` seconds."""

    def delays_ms(self, end_of_speech: float) -> dict[LatencyPoint, float]:
        """Milliseconds from ``end_of_speech`` (monotonic seconds) to each point that was reached.

        They are negative where a clause was translated or spoken before the end of the speech.
        """
        return {point: 1_000 * (at - end_of_speech) for point, at in self.at.items()}


@dataclass(slots=True)
class _ClauseTimes:
    """When each clause of an utterance came, and when its audio was complete, by clause number."""

    text_at: dict[int, float] = field(default_factory=dict)
    audio_at: dict[int, float] = field(default_factory=dict)
    complete: bool = False
    """Whether the last clause has come."""


class Stopwatch:
    """Records when the events of a conversation come, and checks their order.

    Args:
        target: the language whose translation and audio are timed; the order is checked in all languages.
    """

    points: Sequence[LatencyPoint] = LATENCY_POINTS
    """Those that an utterance has reached when it is complete."""

    def __init__(self, target: str) -> None:
        self.utterances: dict[int, UtteranceTimes] = {}
        """By segment id."""
        self.out_of_order = 0
        """Final captions, translations and audio chunks that came twice or after a later one."""
        self._target = target
        self._clauses: dict[int, _ClauseTimes] = {}
        self._last: dict[tuple[type, str], tuple[int, ...]] = {}

    def record(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at``, in ``time.monotonic()`` seconds."""
        match event:
            case events.Speech(state="started"):
                self.utterances[event.segment_id] = UtteranceTimes(event.at_ms, event.at_ms)
            case events.Speech(state="stopped"):
                self._utterance(event.segment_id).end_ms = event.at_ms
                self._utterance(event.segment_id).at["endpoint"] = at
            case events.Transcription(is_final=True):
                self._check_order(event, "", event.segment_id)
                self._utterance(event.segment_id).at["caption"] = at
            case events.TranslationText():
                self._check_order(event, event.target_language, event.segment_id, event.clause)
                if event.target_language == self._target:
                    self._record_translation(event, at)
            case events.Audio():
                self._check_order(event, event.target_language, event.segment_id, event.clause, event.chunk)
                if event.target_language == self._target:
                    self._record_audio(event, at)

    def _record_translation(self, event: events.TranslationText, at: float) -> None:
        clauses = self._clauses.setdefault(event.segment_id, _ClauseTimes())
        if event.text or not clauses.text_at:
            clauses.text_at[event.clause] = at
        clauses.complete = clauses.complete or event.is_final
        self._record_completion(event.segment_id, clauses)

    def _record_audio(self, event: events.Audio, at: float) -> None:
        self._utterance(event.segment_id).at.setdefault("first audio", at)
        if event.last:
            clauses = self._clauses.setdefault(event.segment_id, _ClauseTimes())
            clauses.audio_at[event.clause] = at
            self._record_completion(event.segment_id, clauses)

    def _record_completion(self, segment_id: int, clauses: _ClauseTimes) -> None:
        """Time the last clause and its audio; a final clause without text has no audio and does not count."""
        if not clauses.complete or not clauses.text_at:
            return
        at = self._utterance(segment_id).at
        at["translation"] = max(clauses.text_at.values())
        if clauses.audio_at.keys() >= clauses.text_at.keys():
            at["last audio"] = max(clauses.audio_at.values())

    def _utterance(self, segment_id: int) -> UtteranceTimes:
        return self.utterances.setdefault(segment_id, UtteranceTimes(0, 0))

    def _check_order(self, event: events.Event, language: str, *position: int) -> None:
        if position <= self._last.get((type(event), language), ()):
            self.out_of_order += 1
        else:
            self._last[type(event), language] = position


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles of a set of delays, in milliseconds, with linear interpolation between neighbours."""

    count: int
    p50: float
    p95: float
    p99: float


def percentiles(delays_ms: Sequence[Mapping[LatencyPoint, float]]) -> dict[LatencyPoint, Percentiles]:
    """The percentiles of each point over the utterances that reached it; points never reached are absent."""
    reached = {point: [each[point] for each in delays_ms if point in each] for point in LATENCY_POINTS}
    return {point: percentiles_of(values) for point, values in reached.items() if values}


def percentiles_of(values_ms: Sequence[float]) -> Percentiles:
    """Of at least one delay."""
    p50, p95, p99 = (round(float(each), 1) for each in np.percentile(values_ms, (50, 95, 99)))
    return Percentiles(len(values_ms), p50, p95, p99)
