"""The parts of a recording in response bodies and headers (bridge API, version 1): segments, words, gaps."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, Field

from sokuji.contract import TranscriptSegment, Word
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech

RecordingPart = RecordedUtterance | UnrecognisedSpeech


class SegmentResponse(BaseModel):
    """A segment of a transcript; times in milliseconds of the recording."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = Field(None, description="With `diarize`: who says it; null where that is not known")


def segment_responses(segments: Iterable[TranscriptSegment]) -> list[SegmentResponse]:
    """Segments as the API shows them."""
    return [SegmentResponse(**asdict(each)) for each in segments]


class WordResponse(BaseModel):
    """A word of a transcript, with its punctuation; times in milliseconds of the recording."""

    text: str
    start_ms: int
    end_ms: int


WordResponses = Annotated[
    list[WordResponse] | None,
    Field(description="With `word_times`; null where the recogniser cannot time words"),
]


def word_responses(words: Iterable[Word] | None) -> list[WordResponse] | None:
    """Words as the API shows them."""
    if words is None:
        return None
    return [WordResponse(text=each.text, start_ms=each.start_ms, end_ms=each.end_ms) for each in words]


class SpanResponse(BaseModel):
    """A part of a recording, with times in milliseconds."""

    start_ms: int
    end_ms: int


Unrecognised = Annotated[
    list[SpanResponse], Field(description="Where somebody speaks but no words were recognised")
]

Unspoken = Annotated[
    list[SpanResponse], Field(description="Speech whose translation is in a script that no voice reads")
]


def span_responses(spans: Iterable[RecordingPart]) -> list[SpanResponse]:
    """Parts of a recording as the API shows them."""
    return [SpanResponse(start_ms=each.start_ms, end_ms=each.end_ms) for each in spans]
