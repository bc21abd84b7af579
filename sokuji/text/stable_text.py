"""Finds the words of a growing transcript that no longer change. Pure.

The audio of an open segment is recognised again and again; the begin of the hypotheses soon stays the same
and the end still changes. Words on which two consecutive hypotheses agree are stable: LocalAgreement-2 of Liu
et al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection"
(2020), as used for Whisper by Macháček et al., "Turning Whisper into Real-Time Transcription System" (2023).

Stable text only grows. It ends with a word: the mark after a word depends on how the sentence continues, so
it becomes stable together with the next word. When the speaker pauses, the mark becomes stable with its word,
since the translation needs it.
"""

from collections.abc import Sequence, Set
from itertools import takewhile
from math import inf
from operator import eq
from unicodedata import normalize

from sokuji.text.punctuation import is_spaceless, trailing_marks, with_space, words

# Costs of aligning the stable words with a hypothesis that contradicts them. Both come from the same audio,
# so a similar word is another recognition of the same word. A dissimilar word may be the next word: to keep
# it costs less than to lose it, and to miss a stable word costs more than an additional word.
ALIKE, _UNLIKE, _MISSING, _ADDITIONAL = 0.75, 1.5, 1.25, 1.0
_REACH = 16
"""Words are aligned only with words at most so many positions away, which bounds the time."""
_FEW = 3
"""A hypothesis may contradict all stable words if there are no more than so many."""


class StableText:
    """The text of one segment.

    Args:
        stable: words that are stable from the start, such as those delivered before a resumption.
    """

    unsure_words = 1
    """Words at the end of a hypothesis that do not become stable: the audio may end within the last one."""

    can_err = True
    """Whether the stable words are wrong where hypotheses agree with each other and not with them."""

    def __init__(self, stable: str = "") -> None:
        self._stable = " ".join(stable.split())
        self._tail = ""
        self._unstable: list[str] = []
        """Words of the newest hypothesis after the stable ones, normalised."""
        self._contradiction: list[str] = []
        """Words of the last hypothesis that contradicted the stable ones."""

    @property
    def stable(self) -> str:
        """The stable words; they only grow, until ``split``."""
        return self._stable

    @property
    def text(self) -> str:
        """The newest hypothesis; it begins with ``stable``."""
        return self._stable + self._tail

    def add(self, hypothesis: str, *, paused: bool = False) -> None:
        """Add a hypothesis of all audio of the segment so far.

        Words are compared without case and outer punctuation; words that become stable are spelled as in the
        newest hypothesis. A hypothesis that has little in common with the stable words is ignored, unless it
        agrees with the one before it.

        Args:
            hypothesis: with or without the exact stable words.
            paused: the audio ends in silence, so the last word is complete, and may become stable.
        """
        tail, cost = self.rest_of(hypothesis)
        if not self.contradicts(cost):
            self._contradiction = []
        elif not self._repeats_contradiction(_keys(hypothesis)):
            return
        spans = words(tail)
        keys = _keys(tail)
        sure = _common(keys, self._unstable)
        if not paused:
            sure = min(sure, max(len(spans) - self.unsure_words, 0))
        end = spans[sure - 1].end if sure else 0
        if paused and sure == len(spans) == len(self._unstable) and (self._stable or sure):
            end = len(tail)
        self._stable, self._tail, self._unstable = self._stable + tail[:end], tail[end:], keys[sure:]

    def contradicts(self, cost: float) -> bool:
        """Whether a hypothesis has too little in common with the stable words, given the cost of aligning
        them."""
        count = len(words(self._stable))
        return count > _FEW and cost > count / 2

    def _repeats_contradiction(self, hypothesis: list[str]) -> bool:
        """Whether two hypotheses in a row agree, though not with the stable words.

        One alone is an error of the recogniser. If there are two the stable words are the error: they stay,
        and what follows them goes on.
        """
        before, self._contradiction = self._contradiction, hypothesis
        return self.can_err and _common(before, hypothesis) >= len(words(self._stable))

    def finish(self, final: str) -> str:
        """Make the rest of the final hypothesis stable; returns the complete text."""
        tail, _ = self.rest_of(final)
        self._stable, self._tail, self._unstable = self._stable + tail, "", []
        return self._stable

    def split(self, chars: int) -> str:
        """Remove the text of a completed segment; the rest belongs to the next segment.

        Words that are not stable yet are kept as the hypothesis of the next segment.

        Args:
            chars: length of the completed segment's text.

        Returns:
            The removed text, without outer spaces.

        Raises:
            ValueError: the stable text is shorter.
        """
        if not 0 <= chars <= len(self._stable):
            raise ValueError("only stable text can be split off")
        completed, self._stable = self._stable[:chars].strip(), self._stable[chars:].lstrip()
        if not self._stable:
            begin = words(self._tail)[0].start if self._unstable else len(self._tail)
            self._tail = self._tail[trailing_marks(self._tail[:begin]) :].lstrip()
        return completed

    def rest_of(self, hypothesis: str) -> tuple[str, float]:
        """The rest of the hypothesis after the stable words, and the cost of aligning these; 0: exact."""
        text = " ".join(hypothesis.split())
        spans, at = words(text), len(self._stable)
        if text.startswith(self._stable) and not any(span.start < at < span.end for span in spans):
            return text[at:], 0.0
        count, cost = _align(_keys(self._stable), _keys(text))
        if not count:
            return with_space(self._stable, text), cost
        begin = spans[count - 1].end
        if words(self._stable)[-1].end < at:
            # The stable text already includes the mark after its last word.
            gap_end = spans[count].start if count < len(spans) else len(text)
            begin += trailing_marks(text[begin:gap_end])
        rest = text[begin:]
        starts_word = count < len(spans) and spans[count].start == begin
        return (with_space(self._stable, rest) if starts_word else rest), cost


def _keys(text: str) -> list[str]:
    """The words of a text, normalised for comparison."""
    return [normalize("NFKC", text[start:end]).casefold() for start, end in words(text)]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of words that both begin with."""
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))


def _align(stable: Sequence[str], hypothesis: Sequence[str]) -> tuple[int, float]:
    """The number of words of a hypothesis that correspond to the stable words, and the cost.

    The cost is the least weighted Levenshtein distance between the stable words and any prefix of the
    hypothesis.
    """
    same = _common(stable, hypothesis)
    stable, hypothesis = stable[same:], hypothesis[same:]
    letters = [frozenset(word) for word in hypothesis]
    costs = [min(at, _REACH + 1) * _ADDITIONAL for at in range(len(hypothesis) + 1)]
    for row, word in enumerate(stable, 1):
        before, costs = costs, [inf] * len(costs)
        first = max(row - _REACH, 0)
        if not first:
            costs[0] = before[0] + _MISSING
        own = frozenset(word)
        for at in range(max(first, 1), min(row + _REACH, len(hypothesis)) + 1):
            other = hypothesis[at - 1]
            replaced = 0.0 if word == other else ALIKE if _alike(own, letters[at - 1]) else _UNLIKE
            costs[at] = min(before[at] + _MISSING, costs[at - 1] + _ADDITIONAL, before[at - 1] + replaced)
    cost = min(costs)
    if cost == inf:
        return len(hypothesis) + same, cost
    return costs.index(cost) + same, cost


def _alike(one: Set[str], other: Set[str]) -> bool:
    """Whether two different words may be recognitions of the same word, going by their letters.

    A number may be any word, and any two characters of scripts without spaces may sound the same.
    """
    if any(map(str.isdigit, one)) != any(map(str.isdigit, other)):
        return True
    if 2 * len(one & other) >= max(len(one), len(other)):
        return True
    return all(map(is_spaceless, one | other))
