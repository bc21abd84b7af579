"""From the scores of the segmentation network to turns: where one speaker begins and ends.

Where two speak at the same time, the one who has spoken before goes on. What is too short for a turn
belongs to the one beside it: a voice cannot be told from it. All times are samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.speakers.campplus.segmentation_graph import CLASSES, FRAME_SAMPLES, FRAME_STEP

MIN_TURN = 8_000
"""Half a second: less is no turn of its own."""
JOINED_GAP = 8_000
"""Silence within a turn is at most so long."""
TOUCHING = 2 * FRAME_SAMPLES
"""Between the turns of two chunks there are fewer samples if somebody speaks on."""
WINDOW, HOP = 24_000, 12_000
"""Pieces of a long turn whose voices are compared, to find a change that the segmentation has missed."""
CHANGED_BELOW = 0.35
"""Similarity of the voices before and behind a change, at most: less than one speaker's usually have. A
change that is none does no harm: both parts are found to be of the same speaker."""
BLOCK = 800
"""Samples over which loudness is measured to place a change: 50 ms."""


@dataclass(frozen=True, slots=True)
class SampleSpan:
    """Samples from ``start`` to ``end``."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of samples."""
        return self.end - self.start

    def shifted(self, by: int) -> "SampleSpan":
        """The span in audio before which there are ``by`` more samples."""
        return SampleSpan(self.start + by, self.end + by)


@dataclass(slots=True)
class _Run:
    speaker: int
    start: int
    end: int


def turns(scores: NDArray[np.float32], length: int) -> list[SampleSpan]:
    """The turns in audio of ``length`` samples; all of it is one if nobody is found to speak."""
    runs: list[_Run] = []
    for speaker, start, end in _speaker_runs(scores):
        last = runs[-1] if runs else None
        if last and (end - start < MIN_TURN or (last.speaker == speaker and start - last.end <= JOINED_GAP)):
            last.end = end
        elif last and last.end - last.start < MIN_TURN:
            last.speaker, last.end = speaker, end
        else:
            runs.append(_Run(speaker, start, end))
    return [SampleSpan(run.start, min(run.end, length)) for run in runs if run.start < length] or [
        SampleSpan(0, length)
    ]


def joined(chunks: Sequence[Sequence[SampleSpan]]) -> list[SampleSpan]:
    """The turns of successive chunks of audio; one that goes on in the next chunk is one turn.

    That the speaker changes just there is left to the voices to show.
    """
    whole: list[SampleSpan] = []
    for first, *others in filter(None, chunks):
        if whole and first.start - whole[-1].end < TOUCHING:
            whole[-1] = SampleSpan(whole[-1].start, first.end)
        else:
            whole.append(first)
        whole += others
    return whole


def _speaker_runs(scores: NDArray[np.float32]) -> list[tuple[int, int, int]]:
    """Speaker, start and end of each stretch in which one of them goes on speaking."""
    speakers: list[int | None] = []
    for best in scores.argmax(axis=1):
        present, before = CLASSES[best], speakers[-1] if speakers else None
        speakers.append(before if before in present else next(iter(present), None))
    changes = [number for number in range(1, len(speakers)) if speakers[number] != speakers[number - 1]]
    margin = (FRAME_SAMPLES - FRAME_STEP) // 2
    return [
        (speaker, start * FRAME_STEP + margin * (start > 0), end * FRAME_STEP + margin)
        for start, end in pairwise([0, *changes, len(speakers)])
        if (speaker := speakers[start]) is not None
    ]


def windows(turn: SampleSpan) -> list[SampleSpan]:
    """Overlapping pieces of a turn, all of the same length; none: it is too short to look for a change."""
    starts = range(turn.start, turn.end - WINDOW + 1, HOP)
    return [SampleSpan(start, start + WINDOW) for start in starts] if len(starts) >= 3 else []


def split_at_changes(
    turn: SampleSpan, pieces: Sequence[SampleSpan], voices: NDArray[np.float32], samples: NDArray[np.float32]
) -> list[SampleSpan]:
    """The parts of a turn between which the speaker changes.

    Args:
        pieces, voices: the ``windows`` of the turn, and their voices.
        samples: the audio; a change is put where it is quietest nearby.
    """
    similarities = [_similarity(voices, number) for number in range(len(pieces) - 2)]
    if not similarities or min(similarities) > CHANGED_BELOW:
        return [turn]
    number = int(np.argmin(similarities))
    at = _quietest(samples, pieces[number].end)
    return [
        part
        for part_of, inside in (
            (SampleSpan(turn.start, at), slice(0, max(0, number))),
            (SampleSpan(at, turn.end), slice(number + 3, None)),
        )
        for part in split_at_changes(part_of, pieces[inside], voices[inside], samples)
    ]


def _similarity(voices: NDArray[np.float32], number: int) -> float:
    """Of the voices before and behind the end of a piece: of two pieces each, where there are two."""
    before = voices[max(0, number - 1) : number + 1].mean(axis=0)
    behind = voices[number + 2 : number + 4].mean(axis=0)
    return float(before @ behind / (np.linalg.norm(before) * np.linalg.norm(behind)))


def _quietest(samples: NDArray[np.float32], around: int) -> int:
    """The middle of the block with the least energy, at most half a hop from ``around``."""
    start = around - HOP // 2
    blocks = samples[start : around + HOP // 2]
    blocks = blocks[: len(blocks) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return start + int((blocks**2).sum(axis=1).argmin()) * BLOCK + BLOCK // 2
