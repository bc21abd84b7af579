"""How long a listener waits: from the end of an utterance's speech to each thing that follows it.

Speech is sent at the pace at which it would be spoken, so the moment at which a sound was made is known from
its place in the recording alone. A sender that falls behind is not forgiven: the clock is the speaker's.

With clause by clause commitment the translation begins while the speaker goes on: the first audio may then
come before the end of the speech. Translation and last audio are those of the utterance's last clause.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from sokuji import events

Stage = Literal["endpoint", "caption", "translation", "first audio", "last audio"]
"""What a listener waits for. ``endpoint``: the service has noticed that the utterance is over."""
STAGES: tuple[Stage, ...] = get_args(Stage)
FRAME_MS = 80
"""Audio of one message: the cost of a service is per message, and live captions need no smaller ones."""


class Pace:
    """Plays a recording in real time, like a microphone: a frame leaves when its last sample was spoken."""

    def __init__(self) -> None:
        self.began: float | None = None
        """``time.monotonic()`` at which the first sample was spoken; None until then."""

    def spoken_at(self, ms: float) -> float:
        """``time.monotonic()`` at which the sample at ``ms`` of the recording was spoken."""
        if self.began is None:
            raise RuntimeError("nothing has been played yet")
        return self.began + ms / 1_000

    async def frames(
        self, pcm: bytes, sample_rate: int, reached: Callable[[float], None]
    ) -> AsyncIterator[bytes]:
        """Mono int16 PCM, ``FRAME_MS`` at a time; ``reached`` is told how many ms have been spoken."""
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
    """What came back for one utterance, as the service heard it. ``at`` are ``time.monotonic()`` seconds."""

    start_ms: int
    end_ms: int
    """Where its speech began and ended in the recording."""
    at: dict[Stage, float] = field(default_factory=dict)

    def delays_ms(self, end_of_speech: float) -> dict[Stage, float]:
        """Milliseconds from ``end_of_speech`` (monotonic seconds) to each stage that was reached.

        They are negative where a clause was translated or spoken before the speech was over.
        """
        return {stage: 1_000 * (at - end_of_speech) for stage, at in self.at.items()}


@dataclass(slots=True)
class _Clauses:
    """The clauses of an utterance, by number: when each came, and when its voice was complete."""

    text_at: dict[int, float] = field(default_factory=dict)
    voice_at: dict[int, float] = field(default_factory=dict)
    complete: bool = False
    """Whether the last one has come."""


class Stopwatch:
    """Keeps the times of a conversation's events, and checks that they come in order and only once.

    Args:
        target: the language whose translation and voice are timed; the order is checked in all.
    """

    def __init__(self, target: str) -> None:
        self.heard: dict[int, UtteranceTimes] = {}
        """By segment id."""
        self.misplaced = 0
        """Final captions, translations and chunks of audio that came twice or behind a later one."""
        self._target = target
        self._clauses: dict[int, _Clauses] = {}
        self._last: dict[tuple[type, str], tuple[int, ...]] = {}

    def note(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at``, in ``time.monotonic()`` seconds."""
        match event:
            case events.Speech(state="started"):
                self.heard[event.segment_id] = UtteranceTimes(event.at_ms, event.at_ms)
            case events.Speech(state="stopped"):
                self._of(event.segment_id).end_ms = event.at_ms
                self._of(event.segment_id).at["endpoint"] = at
            case events.Transcription(is_final=True):
                self._check(event, "", event.segment_id)
                self._of(event.segment_id).at["caption"] = at
            case events.TranslationText():
                self._check(event, event.target_language, event.segment_id, event.clause)
                if event.target_language == self._target:
                    self._translated(event, at)
            case events.Audio():
                self._check(event, event.target_language, event.segment_id, event.clause, event.chunk)
                if event.target_language == self._target:
                    self._spoken(event, at)

    def _translated(self, event: events.TranslationText, at: float) -> None:
        clauses = self._clauses.setdefault(event.segment_id, _Clauses())
        if event.text or not clauses.text_at:
            clauses.text_at[event.clause] = at
        clauses.complete = clauses.complete or event.is_final
        self._complete(event.segment_id, clauses)

    def _spoken(self, event: events.Audio, at: float) -> None:
        self._of(event.segment_id).at.setdefault("first audio", at)
        if event.last:
            clauses = self._clauses.setdefault(event.segment_id, _Clauses())
            clauses.voice_at[event.clause] = at
            self._complete(event.segment_id, clauses)

    def _complete(self, segment_id: int, clauses: _Clauses) -> None:
        """An end without words has no voice, and adds nothing: what was said before it counts."""
        if not clauses.complete or not clauses.text_at:
            return
        reached = self._of(segment_id).at
        reached["translation"] = max(clauses.text_at.values())
        if clauses.voice_at.keys() >= clauses.text_at.keys():
            reached["last audio"] = max(clauses.voice_at.values())

    def _of(self, segment_id: int) -> UtteranceTimes:
        return self.heard.setdefault(segment_id, UtteranceTimes(0, 0))

    def _check(self, event: events.Event, track: str, *place: int) -> None:
        if place <= self._last.get((type(event), track), ()):
            self.misplaced += 1
        else:
            self._last[type(event), track] = place


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of a set of delays, in milliseconds, with linear interpolation between neighbours."""

    count: int
    p50: float
    p95: float
    p99: float


def percentiles(delays_ms: Sequence[Mapping[Stage, float]]) -> dict[Stage, Percentiles]:
    """The percentiles of each stage over the utterances that reached it; stages none reached are absent."""
    found: dict[Stage, Percentiles] = {}
    for stage in STAGES:
        values = [delays[stage] for delays in delays_ms if stage in delays]
        if values:
            p50, p95, p99 = (round(float(p), 1) for p in np.percentile(values, (50, 95, 99)))
            found[stage] = Percentiles(len(values), p50, p95, p99)
    return found
