"""Divides any text for models that translate one sentence at a time. Pure.

Such models drop or invent text if they get several hundred characters at once. So a text is divided into
lines and sentences, and long sentences into clauses; text without Latin letters and digits is passed through.
What else must not change is protected by ``text.protection``. All patterns take time linear in the length of
the text.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from sokuji.text.punctuation import ends_abbreviation

MAX_SEGMENT_CHARS = 250
"""The longest text that is given to a model."""

# Typographic quotation marks and apostrophes, which the models' vocabularies lack.
_QUOTES = str.maketrans(
    {**dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'), **dict.fromkeys("\u2018\u2019\u201a", "'")}
)
LINE_BREAKS = re.compile(r"([\r\n]+)")
_TRANSLATABLE = re.compile(r"[0-9A-Za-zÀ-ÖØ-öø-ÿ]")
# A sentence mark, closing quotes and brackets, then a space before a capital or a digit.
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(\s+)(?=[\"'(\[¿¡-]*[0-9A-ZÀ-ÖØ-Þ])")
_CLAUSE_END = re.compile(r"[.!?…;:,]\s+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TextSegment:
    """A part of a text; all segments in order make up the text."""

    text: str
    translatable: bool
    is_sentence: bool = False
    """False for a clause of a sentence."""


def translate_text(text: str) -> Generator[str, str, str]:
    """Yields each sentence for the model and is sent its translation; returns the translation of ``text``."""
    parts = []
    for each in split(text.translate(_QUOTES)):
        if each.translatable:
            parts.append((yield from _translate(each)))
        else:
            parts.append(each.text)
    return "".join(parts)


def split(text: str) -> Iterator[TextSegment]:
    """The segments of a text; translatable ones have no outer space and ``MAX_SEGMENT_CHARS`` at most."""
    for part in LINE_BREAKS.split(text):
        if _TRANSLATABLE.search(part):
            yield from _segments(part)
        else:
            yield TextSegment(part, translatable=False)


def _segments(line: str) -> Iterator[TextSegment]:
    body = line.strip()
    start = line.index(body)
    yield TextSegment(line[:start], translatable=False)
    for sentence, gap in _sentences(body):
        yield from _clauses(sentence)
        yield TextSegment(gap, translatable=False)
    yield TextSegment(line[start + len(body) :], translatable=False)


def _sentences(body: str) -> Iterator[tuple[str, str]]:
    """Pairs of a sentence and the space after it."""
    begin = 0
    for end in _SENTENCE_END.finditer(body):
        if not ends_abbreviation(body, end.start() + 1):
            yield body[begin : end.start(1)], end[1]
            begin = end.end(1)
    yield body[begin:], ""


def _clauses(sentence: str) -> Iterator[TextSegment]:
    begin = 0
    while len(sentence) - begin > MAX_SEGMENT_CHARS:
        cut = _cut(sentence, begin)
        clause = sentence[begin:cut].rstrip()
        yield TextSegment(clause, translatable=True)
        yield TextSegment(sentence[begin + len(clause) : cut], translatable=False)
        begin = cut
    yield TextSegment(sentence[begin:], translatable=True, is_sentence=begin == 0)


def _cut(sentence: str, begin: int) -> int:
    """The end of the segment: after its last clause mark, else its last space, else at the length limit."""
    end = begin + MAX_SEGMENT_CHARS
    for boundary in (_CLAUSE_END, _SPACE):
        cuts = [match.end() for match in boundary.finditer(sentence, begin, end)]
        if cuts and cuts[-1] > begin + MAX_SEGMENT_CHARS // 3:
            return cuts[-1]
    return end


def _translate(segment: TextSegment) -> Generator[str, str, str]:
    text = segment.text
    all_capitals = text.isupper() and " " in text
    if all_capitals:
        # Small models know few words in capitals.
        text = text.lower()
    if segment.is_sentence:
        # They were trained on complete sentences: "não" becomes "the no", but "Não." becomes "No.".
        text = text[0].upper() + text[1:]
    if segment.is_sentence and text[-1].isalnum():
        result = (yield text + ".").removesuffix(".")
    else:
        result = yield text
    return result.upper() if all_capitals else result
