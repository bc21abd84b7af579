"""Diarization error rate: the share of speech that is missed, invented or given to the wrong speaker.

Formula of NIST's Rich Transcription evaluations: (missed + false alarm + confusion) / speech of the
reference, with that assignment of labels to speakers that gives the least error. Frames of 10 ms, no
collar, no overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

FRAME_MS = 10


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """Speech of one speaker; times in milliseconds."""

    start_ms: int
    end_ms: int
    speaker: str


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Seconds of each kind of error, and of all speech."""

    speech_s: float
    missed_s: float
    false_alarm_s: float
    confused_s: float

    def __add__(self, other: "DiarizationError") -> "DiarizationError":
        return DiarizationError(
            self.speech_s + other.speech_s,
            self.missed_s + other.missed_s,
            self.false_alarm_s + other.false_alarm_s,
            self.confused_s + other.confused_s,
        )

    @property
    def rate(self) -> float:
        """The diarization error rate; above 1 if more speech is invented than there is."""
        return (self.missed_s + self.false_alarm_s + self.confused_s) / self.speech_s


def diarization_error(reference: Sequence[LabelledSpan], found: Sequence[LabelledSpan]) -> DiarizationError:
    """The errors of ``found``; where spans of one list overlap, the later one holds."""
    length = max(span.end_ms for span in (*reference, *found)) // FRAME_MS + 1
    truth, claim = _frames(reference, length), _frames(found, length)
    both = (truth >= 0) & (claim >= 0)
    pairs = np.zeros((truth.max() + 1, claim.max() + 1), int)
    np.add.at(pairs, (truth[both], claim[both]), 1)
    right = pairs[linear_sum_assignment(pairs, maximize=True)].sum()
    frames = (
        (truth >= 0).sum(),
        ((truth >= 0) & ~both).sum(),
        ((claim >= 0) & ~both).sum(),
        both.sum() - right,
    )
    return DiarizationError(*(float(count) * FRAME_MS / 1_000 for count in frames))


def _frames(spans: Sequence[LabelledSpan], length: int) -> NDArray[np.int64]:
    """The number of who speaks in each frame; -1: nobody."""
    numbers = {
        speaker: number for number, speaker in enumerate(dict.fromkeys(span.speaker for span in spans))
    }
    frames = np.full(length, -1)
    for span in spans:
        frames[span.start_ms // FRAME_MS : span.end_ms // FRAME_MS] = numbers[span.speaker]
    return frames
