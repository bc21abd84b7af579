"""Divides a text into sentences, none of which ends inside a protected span. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sokuji.text.protection.spans import ProtectedSpan
from sokuji.text.punctuation import (
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
)

_SENTENCE_END = re.compile(
    rf"[\r\n]++|([{SENTENCE_MARKS}]){CLOSING}+\s++|[{UNSPACED_SENTENCE_MARKS}]{CLOSING}+"
)
MAX_MERGED = 8
"""Sentences that are checked in one step, and translated again if they fail the check."""
_LINE_BREAK = re.compile(r"[\r\n]")
Sentence = tuple[str, list[ProtectedSpan]]
"""A text and its spans, with positions in this text."""


def sentences(text: str, spans: Sequence[ProtectedSpan]) -> Iterator[Sentence]:
    """Each sentence with the space after it; together they are the text."""
    inside = {place for each in spans for place in range(each.start + 1, each.end)}
    ends = (
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not match[1] or _LINE_BREAK.search(match[0]) or not ends_abbreviation(text, match.end(1))
    )
    cuts = [0, *(end for end in ends if end not in inside and end < len(text)), len(text)]
    starts = [each.start for each in spans]
    for begin, end in pairwise(cuts):
        own = spans[bisect_left(starts, begin) : bisect_left(starts, end)]
        yield text[begin:end], [each.moved(-begin) for each in own]


def merged_sentences(text: str, spans: Sequence[ProtectedSpan]) -> Iterator[Sentence]:
    """The sentences that have spans, and between those the others, several of a line together.

    Lines stay apart, because a line that comes again is translated once.
    """
    merged: list[str] = []
    for sentence, own in sentences(text, spans):
        if merged and (own or len(merged) == MAX_MERGED or _LINE_BREAK.match(merged[-1][-1])):
            yield "".join(merged), []
            merged = []
        if own:
            yield sentence, own
        else:
            merged.append(sentence)
    if merged:
        yield "".join(merged), []
