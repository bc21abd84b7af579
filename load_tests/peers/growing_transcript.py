"""A transcript as a system sends it: words that stay, followed by words that may change. Pure.

From all its states it is known in hindsight when the first words of it were final, and since when they were
as they are in the end.
"""

from collections.abc import Sequence
from typing import NamedTuple

from load_tests.peers.scoring import align, reference_words
from load_tests.peers.system import Milestone, PeerSession


class _Update(NamedTuple):
    """The transcript after one message that came at ``at`` (monotonic seconds)."""

    at: float
    final: int
    """Number of words that stay."""
    tail: list[str]
    """The words behind them."""


class GrowingTranscript:
    """Grows by ``note``."""

    def __init__(self) -> None:
        self._final: list[str] = []
        self._updates: list[_Update] = []

    @property
    def words(self) -> list[str]:
        """All of it."""
        return [*self._final, *(self._updates[-1].tail if self._updates else ())]

    def note(self, more: Sequence[str], tail: Sequence[str], at: float) -> None:
        """``more`` words became final at ``at`` (monotonic seconds), and ``tail`` follows them for now."""
        self._final += more
        self._updates.append(_Update(at, len(self._final), list(tail)))

    @property
    def final_count(self) -> int:
        """Number of words that stay."""
        return len(self._final)

    def final_at(self, count: int) -> float | None:
        """When the first ``count`` words were final."""
        return next((each.at for each in self._updates if each.final >= count), None)

    def stable_at(self, count: int) -> float | None:
        """Since when the first ``count`` words have been as they are now."""
        expected, since = self.words[:count], None
        for each in reversed(self._updates):
            if each.tail[: max(0, count - each.final)] != expected[each.final :]:
                break
            since = each.at
        return since


def evaluate(session: PeerSession, transcript: GrowingTranscript) -> None:
    """Record the text and the delays of each utterance, which the alignment with what was said finds."""
    ends, _ = align(reference_words(session), transcript.words)
    session.text = " ".join(transcript.words)
    for end, (_, end_ms) in zip(ends, session.speech.spans_ms, strict=True):
        times: dict[Milestone, float | None] = {}
        if end is not None:
            times = {"stable": transcript.stable_at(end), "final": transcript.final_at(end)}
        session.delays.append(
            {name: session.since(end_ms, at) for name, at in times.items() if at is not None}
        )
