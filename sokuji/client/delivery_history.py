"""The texts delivered to the application since the last acknowledgement, and their repeats: pure."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sokuji.client.text_overlap import unmatched_tails

TOLERANCE_MS = 150
"""How far the times of the same segment may differ between two connections."""
_STILL_OPEN = 10**12
"""Later than the end of any segment, in ms."""


@dataclass(slots=True, eq=False)
class DeliveredSegment:
    """A segment as the application knows it."""

    id: int
    start_ms: int
    end_ms: int | None = None
    partial_end_ms: int = -1
    """End of the audio covered by the last partial transcript."""
    finished: set[str] = field(default_factory=set)
    """Tracks whose last event of this segment has been delivered."""
    next_clause: Counter[str] = field(default_factory=Counter)
    """By target language."""
    failures: Counter[str] = field(default_factory=Counter)
    """By error code."""


def overlaps(segment: DeliveredSegment, start_ms: int, end_ms: int | None) -> bool:
    """Whether a segment of a new connection holds the same speech; ``end_ms`` is None while it is open."""
    end = start_ms + TOLERANCE_MS if end_ms is None else _start_of_next(start_ms, end_ms)
    known_end = _STILL_OPEN if segment.end_ms is None else _start_of_next(segment.start_ms, segment.end_ms)
    return start_ms < known_end and segment.start_ms < end


def _start_of_next(start_ms: int, end_ms: int) -> int:
    """The time from which another segment that starts is the following one, not the same one."""
    return max((start_ms + end_ms) // 2, end_ms - TOLERANCE_MS, start_ms + 1)


@dataclass(slots=True, eq=False)
class DeliveredText:
    """A final transcript, or a clause of a translation, that the application has."""

    segment: DeliveredSegment
    clause: int
    text: str
    chunks: int = 0
    """Chunks of its audio that have been delivered."""
    audio_bytes: int = 0
    """Their size."""
    audio_complete: bool = False
    """No more of its audio will be delivered."""


@dataclass(slots=True, eq=False)
class PendingRepeat:
    """A delivered text that the service will send again."""

    delivered: DeliveredText
    text: str
    """The part that has not been repeated yet."""
    audio_bytes: int
    """Size of its audio that will be repeated."""


class RepeatMatch(NamedTuple):
    """The repeats that a text covers, and the part of the text that the application does not have."""

    repeats: Sequence[PendingRepeat]
    new_text: str | None
    """None: there is nothing new."""


class DeliveryHistory:
    """The delivered texts of one track, in order. A track is the transcripts, or one target language."""

    def __init__(self) -> None:
        self._texts: list[DeliveredText] = []
        self._repeats: list[PendingRepeat] = []

    def add(self, text: DeliveredText) -> None:
        """``text`` is delivered now."""
        self._texts.append(text)

    def add_audio(self, text: DeliveredText) -> None:
        """A chunk of the audio of ``text`` is delivered: the audio of all texts before it is complete."""
        for each in self._texts:
            if each is text:
                return
            each.audio_complete = True

    def cancel_audio(self) -> None:
        """No more audio is wanted for the texts delivered so far."""
        for each in self._texts:
            each.audio_complete = True

    def forget_segments(self, before_ms: int) -> None:
        """Segments that started before this time will not be repeated."""
        self._forget(lambda text: text.segment.start_ms < before_ms)

    def forget_clauses(self, last: DeliveredText) -> None:
        """The clauses of a segment up to ``last`` will not be repeated."""
        self._forget(lambda text: text.segment is last.segment and text.clause <= last.clause)

    def _forget(self, acknowledged: Callable[[DeliveredText], bool]) -> None:
        self._texts = [each for each in self._texts if not acknowledged(each)]
        self._repeats = [each for each in self._repeats if not acknowledged(each.delivered)]

    def expect_repeats(self) -> None:
        """The connection is lost: every text in the history will be repeated."""
        self._repeats = [PendingRepeat(each, each.text, each.audio_bytes) for each in self._texts]

    def match(self, text: str, segments: Collection[DeliveredSegment], *, complete: bool) -> RepeatMatch:
        """Compare a text of a new connection with the pending repeats of the same speech.

        Args:
            segments: the delivered segments with this speech.
            complete: the application has all of this speech: the text holds nothing new, even if it differs.
        """
        candidates = [each for each in self._repeats if each.delivered.segment in segments]
        for index, each in enumerate(candidates):
            if each.text == text:
                self._replace(candidates[: index + 1])
                return RepeatMatch([each], None)
        if not candidates:
            return RepeatMatch([], None if complete else text)
        new, rest = unmatched_tails(" ".join(each.text for each in candidates), text)
        if new == text and not complete:
            self._replace(candidates)
            return RepeatMatch([], text)
        last = candidates[-1].delivered
        self._replace(candidates, [PendingRepeat(last, rest, 0)] if rest else [])
        return RepeatMatch(candidates, None if complete or not new else new)

    def _replace(self, repeated: Sequence[PendingRepeat], rest: Sequence[PendingRepeat] = ()) -> None:
        index = self._repeats.index(repeated[0])
        pending = [each for each in self._repeats if each not in repeated]
        self._repeats = [*pending[:index], *rest, *pending[index:]]
