"""What an application has been told since the last acknowledgement, and what of it comes again: pure."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sokuji.client.text_overlap import beyond

SLACK_MS = 150
"""By how much the times of the same segment may differ."""
_FOREVER = 10**12


@dataclass(slots=True, eq=False)
class ReceivedSegment:
    """A segment as the application knows it."""

    id: int
    start_ms: int
    end_ms: int | None = None
    partial_ms: int = -1
    """How far the last caption went that may still change."""
    closed: set[str] = field(default_factory=set)
    """What has ended: tracks whose last word on it the application has."""
    next_clause: Counter[str] = field(default_factory=Counter)
    """By target language."""
    failures: Counter[str] = field(default_factory=Counter)
    """Error codes told."""


def overlaps(segment: ReceivedSegment, start_ms: int, end_ms: int | None) -> bool:
    """Whether a segment of another connection has the same speech; ``end_ms`` is None while it goes on."""
    theirs = start_ms + SLACK_MS if end_ms is None else _mostly_over(start_ms, end_ms)
    ours = _FOREVER if segment.end_ms is None else _mostly_over(segment.start_ms, segment.end_ms)
    return start_ms < ours and segment.start_ms < theirs


def _mostly_over(start_ms: int, end_ms: int) -> int:
    """When so much of a segment is over that what begins then is the next one."""
    return max((start_ms + end_ms) // 2, end_ms - SLACK_MS, start_ms + 1)


@dataclass(slots=True, eq=False)
class ReceivedText:
    """A caption, or a clause of a translation, that the application has."""

    segment: ReceivedSegment
    clause: int
    text: str
    chunks: int = 0
    """How much of its voice the application has."""
    complete: bool = False
    """Whether that is all, or there is none."""


@dataclass(slots=True, eq=False)
class ExpectedRepeat:
    """What will come again: its words, as far as they have not come yet, and so many chunks of voice."""

    told: ReceivedText
    text: str
    chunks: int


class Track:
    """The captions, or the translations into one language, in order."""

    def __init__(self) -> None:
        self._told: list[ReceivedText] = []
        self._expected: list[ExpectedRepeat] = []

    def tell(self, told: ReceivedText) -> None:
        """The application gets this now."""
        self._told.append(told)

    def heard(self, told: ReceivedText) -> None:
        """The application gets a part of its voice: the voices of those before it are over."""
        for each in self._told:
            if each is told:
                return
            each.complete = True

    def mute(self) -> None:
        """No voice is wanted for anything told so far."""
        for each in self._told:
            each.complete = True

    def forget_segments(self, before_ms: int) -> None:
        """Segments that began before this time do not come again."""
        self._forget(lambda told: told.segment.start_ms < before_ms)

    def forget_clauses(self, last: ReceivedText) -> None:
        """Of its segment, the clauses up to this one do not come again."""
        self._forget(lambda told: told.segment is last.segment and told.clause <= last.clause)

    def _forget(self, past: Callable[[ReceivedText], bool]) -> None:
        self._told = [each for each in self._told if not past(each)]
        self._expected = [each for each in self._expected if not past(each.told)]

    def resume(self) -> None:
        """All that is told comes again."""
        self._expected = [ExpectedRepeat(each, each.text, each.chunks) for each in self._told]

    def match(
        self, text: str, segments: Collection[ReceivedSegment], *, settled: bool
    ) -> tuple[Sequence[ExpectedRepeat], str | None]:
        """Which of what is expected for ``segments`` this is, and what it says beyond that (None: nothing).

        Args:
            settled: it can say nothing new, however it is worded.
        """
        candidates = [each for each in self._expected if each.told.segment in segments]
        for place, each in enumerate(candidates):
            if each.text == text:
                self._came(candidates[: place + 1])
                return [each], None
        if not candidates:
            return [], None if settled else text
        new, rest = beyond(" ".join(each.text for each in candidates), text)
        if new == text and not settled:
            self._came(candidates)
            return [], text
        last = candidates[-1].told
        self._came(candidates, [ExpectedRepeat(last, rest, 0)] if rest else [])
        return candidates, None if settled or not new else new

    def _came(self, candidates: Sequence[ExpectedRepeat], rest: Sequence[ExpectedRepeat] = ()) -> None:
        place = self._expected.index(candidates[0])
        kept = [each for each in self._expected if each not in candidates]
        self._expected = [*kept[:place], *rest, *kept[place:]]
