"""Metrics of the stages' calls and of what they did. All are recorded in the gateway, as the caller of the
stages; the time inside a stage comes with its answer (``Effort``).
"""

from collections import Counter as Tally
from typing import Literal, NamedTuple

from prometheus_client import Counter, Histogram

from sokuji.contract import AudioChunk, Effort, StageName
from sokuji.metrics.registry import FINE_SECONDS, REGISTRY, SHARES

Kind = Literal["final", "interim", ""]
"""Whether a recognition is of an utterance that is over; "" for the other stages."""

_STAGE = ("stage", "provider")
_BYTES_PER_SAMPLE = 2

_stage = Histogram(
    "sokuji_stage_seconds",
    "Time of a call as the gateway sees it; of a voice, to its first sound.",
    (*_STAGE, "kind"),
    buckets=FINE_SECONDS,
    registry=REGISTRY,
)
_queue = Histogram(
    "sokuji_stage_queue_seconds",
    "Wait inside the stage before the computation began.",
    _STAGE,
    buckets=FINE_SECONDS,
    registry=REGISTRY,
)
_busy = Histogram(
    "sokuji_stage_busy_seconds",
    "Computation inside the stage, that of batch-mates included.",
    _STAGE,
    buckets=FINE_SECONDS,
    registry=REGISTRY,
)
_batch = Histogram(
    "sokuji_stage_batch_size",
    "Requests that were computed together, at most.",
    _STAGE,
    buckets=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64),
    registry=REGISTRY,
)
_failures = Counter(
    "sokuji_stage_failures",
    "Attempts that a provider failed; another attempt, or another provider, may have answered.",
    (*_STAGE, "code"),
    registry=REGISTRY,
)
_fallbacks = Counter(
    "sokuji_stage_fallbacks",
    "Answers that came from this provider because one that is preferred to it did not answer.",
    _STAGE,
    registry=REGISTRY,
)
_heard = Counter(
    "sokuji_recognised_audio_seconds",
    "Audio that was recognised; speech is recognised more than once while it goes on.",
    ("provider", "kind"),
    registry=REGISTRY,
)
_confidence = Histogram(
    "sokuji_transcript_confidence",
    "Confidence of final transcripts, where the recogniser reports one.",
    ("provider",),
    buckets=SHARES,
    registry=REGISTRY,
)
_translated = Counter(
    "sokuji_translated_characters", "Characters of texts to translate.", ("provider",), registry=REGISTRY
)
_score = Histogram(
    "sokuji_translation_score",
    "Scores of translations, where the translator reports one.",
    ("provider",),
    buckets=SHARES,
    registry=REGISTRY,
)
_spoken_characters = Counter(
    "sokuji_synthesised_characters", "Characters of texts to speak.", ("provider",), registry=REGISTRY
)
_spoken = Counter(
    "sokuji_synthesised_audio_seconds", "Speech that was made.", ("provider",), registry=REGISTRY
)


def record_failure(stage: str, provider: str, code: str) -> None:
    """Count an attempt that failed; ``code`` is the code of its error."""
    _failures.labels(stage, provider, code).inc()


def record_fallback(stage: StageName, provider: str) -> None:
    """Count an answer that did not come from the preferred provider; ``provider`` gave it."""
    _fallbacks.labels(stage, provider).inc()


def record_response(
    stage: str, provider: str, seconds: float, effort: Effort | None, kind: Kind = ""
) -> None:
    """Record the times of an answered request; ``effort`` is None if the provider reports none.

    Args:
        seconds: from the call to the answer, or to the first chunk of speech.
    """
    _stage.labels(stage, provider, kind).observe(seconds)
    if effort is not None:
        _queue.labels(stage, provider).observe(effort.queued_s)
        _busy.labels(stage, provider).observe(effort.busy_s)
        _batch.labels(stage, provider).observe(effort.batch_size)


def record_transcript(provider: str, audio_s: float, confidence: float | None, kind: Kind) -> None:
    """Record what was recognised.

    Args:
        audio_s: seconds of its audio.
        confidence: 0 to 1; only that of final transcripts is kept.
    """
    _heard.labels(provider, kind).inc(audio_s)
    if confidence is not None and kind == "final":
        _confidence.labels(provider).observe(confidence)


def record_translation(provider: str, characters: int, score: float | None) -> None:
    """Record a text of so many ``characters`` that was translated, with its score (0 to 1)."""
    _translated.labels(provider).inc(characters)
    if score is not None:
        _score.labels(provider).observe(score)


def record_spoken_text(provider: str, characters: int) -> None:
    """Record a text of so many ``characters`` that a provider has begun to speak."""
    _spoken_characters.labels(provider).inc(characters)


def record_speech(provider: str, chunk: AudioChunk) -> None:
    """Record a chunk of speech."""
    _spoken.labels(provider).inc(len(chunk.pcm) / _BYTES_PER_SAMPLE / chunk.sample_rate)


class StageTotals(NamedTuple):
    """What a stage has done since this process was started."""

    answers: dict[str, int]
    """Provider -> requests that it has answered."""
    failures: int
    """Attempts that failed."""
    seconds: float
    """Time of all answers."""


def stage_totals(stage: StageName) -> StageTotals:
    """What the calls of a stage have come to."""
    answers: Tally[str] = Tally()
    failures, seconds = 0.0, 0.0
    samples = [
        sample for each in (_stage, _failures) for metric in each.collect() for sample in metric.samples
    ]
    for name, labels, value, *_ in samples:
        if labels["stage"] != stage:
            continue
        if name == "sokuji_stage_seconds_count":
            answers[labels["provider"]] += int(value)
        elif name == "sokuji_stage_seconds_sum":
            seconds += value
        elif name == "sokuji_stage_failures_total":
            failures += value
    return StageTotals(dict(answers), int(failures), seconds)
