"""Which words of a growing transcript are stable. Pure.

While somebody speaks, the audio of a segment is recognised again and again. Its beginning soon stays as it
is, its end still changes. Words on which two hypotheses in a row agree are stable: LocalAgreement-2 of Liu et
al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection"
(2020), as used for Whisper by Macháček et al., "Turning Whisper into Real-Time Transcription System" (2023).

Stable text only grows. It ends with a word: the mark behind a word depends on how the sentence goes on, so
that it becomes stable together with the next word. When the speaker pauses the mark is as good as it gets,
and who translates the words needs it: then it becomes stable with its word.
"""

from collections.abc import Sequence, Set
from itertools import takewhile
from math import inf
from operator import eq
from unicodedata import normalize

from sokuji.text.punctuation import closing, is_spaceless, width, words

# Costs of aligning stable words with those of a contradicting hypothesis. Both stem from the same audio, so a
# word that looks alike is the same word heard differently. One that does not may be the next word: keeping
# it costs less than losing it, and leaving out a stable word costs more than an additional one.
_ALIKE, _UNLIKE, _MISSING, _ADDITIONAL = 0.75, 1.5, 1.25, 1.0
_REACH = 16
"""Words further apart than this are not the same; bounds the time for long texts."""
_FEW = 3
"""Up to so many stable words may all be wrong, without the hypothesis being taken for nonsense."""


class StableText:
    """The text of one segment.

    Args:
        stable: words that are stable from the beginning, such as those delivered before a resumption.
    """

    def __init__(self, stable: str = "") -> None:
        self._stable = " ".join(stable.split())
        self._tail = ""
        self._heard: list[str] = []

    @property
    def stable(self) -> str:
        """Never changes except by growing."""
        return self._stable

    @property
    def text(self) -> str:
        """The newest text; it begins with ``stable``."""
        return self._stable + self._tail

    def hear(self, hypothesis: str, *, paused: bool = False) -> None:
        """Takes a hypothesis about all audio of the segment so far.

        Words compare without case and outer punctuation; stable words are spelled as in the newest
        hypothesis. One that has little in common with the stable words is ignored.

        Args:
            hypothesis: with or without the stable words exactly as they are.
            paused: the audio ends in silence, so that the last word is complete; otherwise the audio may end
                within it, and it does not become stable.
        """
        tail, cost = self._behind(hypothesis)
        count = len(words(self._stable))
        if count > _FEW and cost > count / 2:
            return
        spans = words(tail)
        keys = _keys(tail)
        sure = _common(keys, self._heard)
        if not paused:
            sure = min(sure, max(len(spans) - 1, 0))
        end = spans[sure - 1].end if sure else 0
        if paused and sure == len(spans) == len(self._heard) and (self._stable or sure):
            end = len(tail)
        self._stable, self._tail, self._heard = self._stable + tail[:end], tail[end:], keys[sure:]

    def settle(self, final: str) -> str:
        """Takes the last hypothesis, makes it stable behind the stable words, and returns the whole text."""
        tail, _ = self._behind(final)
        self._stable, self._tail, self._heard = self._stable + tail, "", []
        return self._stable

    def split(self, chars: int) -> str:
        """Ends the segment within its stable text; what remains is the text of the next segment.

        Words that are not stable yet count as heard in the audio of the next segment.

        Args:
            chars: length of what leaves.

        Returns:
            What has left, without outer spaces.

        Raises:
            ValueError: there is less stable text than that.
        """
        if not 0 <= chars <= len(self._stable):
            raise ValueError("only stable text can be split off")
        left, self._stable = self._stable[:chars].strip(), self._stable[chars:].lstrip()
        if not self._stable:
            begin = words(self._tail)[0].start if self._heard else len(self._tail)
            self._tail = self._tail[closing(self._tail[:begin]) :].lstrip()
        return left

    def _behind(self, hypothesis: str) -> tuple[str, float]:
        """What the hypothesis has behind the stable words, and the cost of finding them in it; 0: exact."""
        text = " ".join(hypothesis.split())
        spans, at = words(text), len(self._stable)
        if text.startswith(self._stable) and not any(span.start < at < span.end for span in spans):
            return text[at:], 0.0
        count, cost = _align(_keys(self._stable), _keys(text))
        if not count:
            return _apart(self._stable, text), cost
        begin = spans[count - 1].end
        if words(self._stable)[-1].end < at:
            # The stable text has the mark behind its last word already.
            gap_end = spans[count].start if count < len(spans) else len(text)
            begin += closing(text[begin:gap_end])
        behind = text[begin:]
        starts_word = count < len(spans) and spans[count].start == begin
        return (_apart(self._stable, behind) if starts_word else behind), cost


def _apart(before: str, after: str) -> str:
    """``after``, with a space before it if that is how words are written here."""
    touching = before[-1:] + after[:1]
    if len(touching) < 2 or any(is_spaceless(each) or width(each) == 2 for each in touching):
        return after
    return " " + after


def _keys(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return [normalize("NFKC", text[start:end]).casefold() for start, end in words(text)]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))


def _align(stable: Sequence[str], heard: Sequence[str]) -> tuple[int, float]:
    """How many of the heard words say what the stable words say, and at what cost.

    The cost is the least edit distance (Levenshtein's, weighted) between the stable words and any beginning
    of the heard ones.
    """
    same = _common(stable, heard)
    stable, heard = stable[same:], heard[same:]
    letters = [frozenset(word) for word in heard]
    costs = [min(at, _REACH + 1) * _ADDITIONAL for at in range(len(heard) + 1)]
    for row, word in enumerate(stable, 1):
        before, costs = costs, [inf] * len(costs)
        first = max(row - _REACH, 0)
        if not first:
            costs[0] = before[0] + _MISSING
        own = frozenset(word)
        for at in range(max(first, 1), min(row + _REACH, len(heard)) + 1):
            other = heard[at - 1]
            replaced = 0.0 if word == other else _ALIKE if _alike(own, letters[at - 1]) else _UNLIKE
            costs[at] = min(before[at] + _MISSING, costs[at - 1] + _ADDITIONAL, before[at - 1] + replaced)
    cost = min(costs)
    if cost == inf:
        return len(heard) + same, cost
    return costs.index(cost) + same, cost


def _alike(one: Set[str], other: Set[str]) -> bool:
    """Whether two different words may be the same, going by their letters.

    Any number may be any word, and any two characters of scripts without spaces may sound the same.
    """
    if any(map(str.isdigit, one)) != any(map(str.isdigit, other)):
        return True
    if 2 * len(one & other) >= max(len(one), len(other)):
        return True
    return all(map(is_spaceless, one | other))
