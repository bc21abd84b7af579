"""The times of the words of a text, from parts of the speech whose times are known. Pure.

The parts may be words or longer segments, of the text itself or of the text that it translates. A word is
given the time in which the same share of the parts was spoken. The share is counted in columns, which take
about the same time to say (``punctuation.width``). Words that are the parts have exactly their times.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest

from sokuji.text.punctuation import trailing_marks, width, words


@dataclass(frozen=True, slots=True)
class TimedText:
    """A part of a text: a word with its punctuation, or more; times in milliseconds."""

    text: str
    start_ms: int
    end_ms: int
    spaced: bool = True
    """Whether there is a space before it, unless it is the first part of its text."""


def timed_words(text: str, parts: Sequence[TimedText]) -> list[TimedText]:
    """The words of ``text``, punctuation included, with their times.

    Args:
        text: of any length; characters of scripts without spaces are words.
        parts: of the speech, in order, not overlapping, at least one.

    Returns:
        All of ``text`` but its spaces; in order, not overlapping, within the time of the parts.
    """
    pieces = list(_pieces(text))
    columns = list(accumulate((_columns(piece) for piece, _ in pieces), initial=0))
    spoken = list(accumulate((max(1, _columns(part.text)) for part in parts), initial=0))
    # Both are multiplied by the other's total, to compare shares as exact integers.
    scaled = [at * columns[-1] for at in spoken]
    return [
        TimedText(
            piece,
            _time(bisect_right(scaled, begin * spoken[-1]) - 1, begin * spoken[-1], scaled, parts),
            _time(bisect_left(scaled, end * spoken[-1]) - 1, end * spoken[-1], scaled, parts),
            spaced,
        )
        for (piece, spaced), begin, end in zip(pieces, columns, columns[1:], strict=False)
    ]


def _time(index: int, position: int, scaled: Sequence[int], parts: Sequence[TimedText]) -> int:
    """The time of a position within a part, in which time passes evenly."""
    part = parts[index]
    begin, end = scaled[index], scaled[index + 1]
    return part.start_ms + (part.end_ms - part.start_ms) * (position - begin) // (end - begin)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text with their marks, and whether a space comes before."""
    begin, spans = 0, words(text)
    for word, following in zip_longest(spans, spans[1:]):
        end = word.end + trailing_marks(text[word.end : following.start]) if following else len(text)
        yield text[begin:end].strip(), text[begin].isspace()
        begin = end
    if not spans and text.strip():
        yield text.strip(), False


def _columns(text: str) -> int:
    return sum(map(width, text)) - text.count(" ")
