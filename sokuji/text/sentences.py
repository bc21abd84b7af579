"""Divides any text for models that translate one sentence at a time. Pure.

Such models drop or invent text if they get several hundred characters at once, and garble characters that
their vocabulary lacks. So a text is divided into sentences, and long sentences into clauses; text that must
not be translated (line breaks, URLs, e-mail addresses, emoji, other scripts) is passed through. All patterns
take time linear in the length of the text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sokuji.text.punctuation import ends_abbreviation

MAX_SEGMENT_CHARS = 250
"""The longest text that is given to a model."""

# Typographic quotation marks and apostrophes, which the models' vocabularies lack.
_QUOTES = str.maketrans(
    {**dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'), **dict.fromkeys("\u2018\u2019\u201a", "'")}
)
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff"
UNTRANSLATABLE = re.compile(
    r"([\r\n]+"
    r"|https?://[^\s<>]{0,2000}\w"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    # After the first emoji: further emoji, joiners, variation selectors and tags.
    rf"|[{_EMOJI}][{_EMOJI}\ufe0f\u200d\U000e0020-\U000e007f]*)"
)
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
    """False for a part of a sentence: a clause, or the rest after a URL or an emoji."""


def translate_text(text: str, translate: Callable[[str], str]) -> str:
    """``text`` with each of its sentences translated by ``translate``."""
    segments = split(text.translate(_QUOTES))
    return "".join(_translate(each, translate) if each.translatable else each.text for each in segments)


def split(text: str) -> Iterator[TextSegment]:
    """The segments of a text; translatable ones have no outer space and ``MAX_SEGMENT_CHARS`` at most."""
    separator = "\n"
    for index, part in enumerate(UNTRANSLATABLE.split(text)):
        is_separator = index % 2 == 1
        if is_separator or not _TRANSLATABLE.search(part):
            yield TextSegment(part, translatable=False)
        else:
            yield from _segments(part, at_line_start=separator[-1] in "\r\n")
        separator = part if is_separator else separator


def _segments(part: str, at_line_start: bool) -> Iterator[TextSegment]:
    body = part.strip()
    start = part.index(body)
    yield TextSegment(part[:start], translatable=False)
    is_sentence = at_line_start
    for sentence, gap in _sentences(body):
        yield from _clauses(sentence, is_sentence)
        yield TextSegment(gap, translatable=False)
        is_sentence = True
    yield TextSegment(part[start + len(body) :], translatable=False)


def _sentences(body: str) -> Iterator[tuple[str, str]]:
    """Pairs of a sentence and the space after it."""
    begin = 0
    for end in _SENTENCE_END.finditer(body):
        if not ends_abbreviation(body, end.start() + 1):
            yield body[begin : end.start(1)], end[1]
            begin = end.end(1)
    yield body[begin:], ""


def _clauses(sentence: str, is_sentence: bool) -> Iterator[TextSegment]:
    begin = 0
    while len(sentence) - begin > MAX_SEGMENT_CHARS:
        cut = _cut(sentence, begin)
        clause = sentence[begin:cut].rstrip()
        yield TextSegment(clause, translatable=True)
        yield TextSegment(sentence[begin + len(clause) : cut], translatable=False)
        begin = cut
    yield TextSegment(sentence[begin:], translatable=True, is_sentence=is_sentence and begin == 0)


def _cut(sentence: str, begin: int) -> int:
    """The end of the segment: after its last clause mark, else its last space, else at the length limit."""
    end = begin + MAX_SEGMENT_CHARS
    for boundary in (_CLAUSE_END, _SPACE):
        cuts = [match.end() for match in boundary.finditer(sentence, begin, end)]
        if cuts and cuts[-1] > begin + MAX_SEGMENT_CHARS // 3:
            return cuts[-1]
    return end


def _translate(segment: TextSegment, translate: Callable[[str], str]) -> str:
    text = segment.text
    all_capitals = text.isupper() and " " in text
    if all_capitals:
        # Small models know few words in capitals.
        text = text.lower()
    if segment.is_sentence:
        # They were trained on complete sentences: "não" becomes "the no", but "Não." becomes "No.".
        text = text[0].upper() + text[1:]
    if segment.is_sentence and text[-1].isalnum():
        result = translate(text + ".").removesuffix(".")
    else:
        result = translate(text)
    return result.upper() if all_capitals else result
