"""What the segmenter finds in a stream of audio: utterances, and when their speech begins, pauses and ends.

Times are milliseconds since the begin of the stream.
"""

from dataclasses import dataclass, field
from typing import Literal

Cut = Literal["silence", "length", "flush", "sentence"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech is confirmed; ``at_ms`` is its begin, which lies before."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance is over; ``at_ms`` is the end of its last speech."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """The audio of one utterance (mono int16 at 16 kHz) from ``start_ms`` to ``end_ms``.

    ``cut`` is what ended it: a silence, ``max_utterance_ms``, or a call of ``flush`` or ``split``.
    ``snr_db`` is its signal-to-noise ratio; None if it holds too little silence to measure.
    """

    segment_id: int
    pcm: bytes
    start_ms: int
    end_ms: int
    cut: Cut
    snr_db: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """``padding_ms`` of silence follow the speech; if the silence lasts, ``utterance`` is complete."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """Speech continues after a pause."""

    segment_id: int


SegmentEvent = SpeechStarted | SpeechPaused | SpeechResumed | SpeechStopped | Utterance
