"""The answers of ``/v1/audio/transcriptions`` and ``/v1/audio/translations``, as OpenAI's types have them.

Of a segment's fields these are known: text and times; ``seek``, the start of its utterance in Whisper's
frames of 10 ms; ``avg_logprob``, the logarithm of the recogniser's confidence in the utterance (of a
translation, the translator's score if it has one), 0 where it reports none; ``compression_ratio``, computed
as Whisper does. Constant are ``temperature`` and ``no_speech_prob`` (0: voice activity detection has found
speech) and ``tokens`` (none: recognisers answer with text).
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel

from sokuji.api.openai.rest.usage import DurationUsage
from sokuji.api.transcription import RecordingTranscript, SubtitleText
from sokuji.languages import LANGUAGES
from sokuji.pipeline import recording_times
from sokuji.pipeline.recorded_speech import RecordedUtterance

NO_LANGUAGE = "unknown"
"""The language of a recording in which nothing is said."""
UNKNOWN_SPEAKER = "unknown"
"""Of a segment whose speaker could not be found out; OpenAI's type wants a label."""
_MS_PER_FRAME = 10
_LEAST_CONFIDENCE = 1e-10


class DetectedLanguage(BaseModel):
    """A language that is spoken."""

    code: str


class TranscriptionBody(BaseModel):
    """``json``."""

    text: str
    languages: list[DetectedLanguage]
    usage: DurationUsage


class TranslationBody(BaseModel):
    """``json`` of a translation."""

    text: str


class TimedSegment(BaseModel):
    """A part of the text; times in seconds."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int] = []
    temperature: float = 0.0
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float = 0.0


class TimedWord(BaseModel):
    """A word with its punctuation; times in seconds."""

    word: str
    start: float
    end: float


class VerboseTranscription(BaseModel):
    """``verbose_json``."""

    task: str = "transcribe"
    language: str
    duration: float
    text: str
    segments: list[TimedSegment] | None
    words: list[TimedWord] | None
    usage: DurationUsage


class SpeakerSegment(BaseModel):
    """What one speaker says without interruption; times in seconds."""

    type: Literal["transcript.text.segment"] = "transcript.text.segment"
    id: str
    start: float
    end: float
    text: str
    speaker: str


class DiarizedTranscription(BaseModel):
    """``diarized_json``."""

    task: str = "transcribe"
    duration: float
    text: str
    segments: list[SpeakerSegment]
    usage: DurationUsage


class VerboseTranslation(BaseModel):
    """``verbose_json`` of a translation."""

    task: str = "translate"
    language: str
    duration: float
    text: str
    segments: list[TimedSegment]


def spoken_languages(transcript: RecordingTranscript) -> list[DetectedLanguage]:
    """Each language that is spoken, in the order in which they are first heard."""
    codes = dict.fromkeys(each.transcript.language for each in transcript.utterances)
    return [DetectedLanguage(code=code) for code in codes]


def transcription_body(transcript: RecordingTranscript, duration_ms: int) -> TranscriptionBody:
    """The answer in ``json``."""
    return TranscriptionBody(
        text=transcript.text,
        languages=spoken_languages(transcript),
        usage=DurationUsage(seconds=duration_ms / 1_000),
    )


def verbose_transcription(
    transcript: RecordingTranscript, duration_ms: int, granularities: Sequence[str], named: str | None
) -> VerboseTranscription:
    """The answer in ``verbose_json``.

    Args:
        granularities: ``segment``, ``word``; none: segments.
        named: the language that the client names.
    """
    code = transcript.language if transcript.utterances else named
    words = (transcript.words or []) if "word" in granularities else None
    return VerboseTranscription(
        language=_name(code),
        duration=duration_ms / 1_000,
        text=transcript.text,
        segments=_segments(transcript, "source") if "segment" in (granularities or ["segment"]) else None,
        words=None
        if words is None
        else [
            TimedWord(word=each.text, start=each.start_ms / 1_000, end=each.end_ms / 1_000) for each in words
        ],
        usage=DurationUsage(seconds=duration_ms / 1_000),
    )


def speaker_segment(utterance: RecordedUtterance, number: int) -> SpeakerSegment:
    """An utterance of ``diarized_json``, the one with this number from 0."""
    return SpeakerSegment(
        id=f"seg_{number:03}",
        start=utterance.start_ms / 1_000,
        end=utterance.end_ms / 1_000,
        text=utterance.transcript.text,
        speaker=utterance.speaker or UNKNOWN_SPEAKER,
    )


def diarized_transcription(transcript: RecordingTranscript, duration_ms: int) -> DiarizedTranscription:
    """The answer in ``diarized_json``."""
    return DiarizedTranscription(
        duration=duration_ms / 1_000,
        text=transcript.text,
        segments=[speaker_segment(each, number) for number, each in enumerate(transcript.utterances)],
        usage=DurationUsage(seconds=duration_ms / 1_000),
    )


def verbose_translation(transcript: RecordingTranscript, duration_ms: int, target: str) -> VerboseTranslation:
    """The answer in ``verbose_json``; an utterance is a segment."""
    return VerboseTranslation(
        language=_name(target),
        duration=duration_ms / 1_000,
        text=transcript.translation,
        segments=_segments(transcript, "translation"),
    )


def _name(code: str | None) -> str:
    return LANGUAGES[code].name.lower() if code else NO_LANGUAGE


def _segments(transcript: RecordingTranscript, of: SubtitleText) -> list[TimedSegment]:
    parts = ((utterance, *part) for utterance in transcript.utterances for part in _parts(utterance, of))
    return [
        TimedSegment(
            id=number,
            seek=utterance.start_ms // _MS_PER_FRAME,
            start=start_ms / 1_000,
            end=end_ms / 1_000,
            text=text,
            avg_logprob=_mean_log_probability(utterance, of),
            compression_ratio=_compression_ratio(text),
        )
        for number, (utterance, text, start_ms, end_ms) in enumerate(parts)
    ]


def _parts(utterance: RecordedUtterance, of: SubtitleText) -> Iterator[tuple[str, int, int]]:
    """Text and times of the segments of an utterance."""
    if of == "source":
        for segment in recording_times.segments(utterance):
            yield segment.text, segment.start_ms, segment.end_ms
    elif utterance.translation is not None and utterance.translation.text:
        yield utterance.translation.text, utterance.start_ms, utterance.end_ms


def _mean_log_probability(utterance: RecordedUtterance, of: SubtitleText) -> float:
    confidence = utterance.transcript.confidence
    if of == "translation" and utterance.translation is not None:
        confidence = utterance.translation.score or confidence
    return 0.0 if confidence is None else math.log(max(confidence, _LEAST_CONFIDENCE))


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
