"""Feeds a text of any shape to a model that translates one sentence at a time. Pure.

Such a model does single sentences best, drops or invents text when it gets several hundred characters at
once, and mangles what its vocabulary lacks. So a text is cut into sentences and long ones into clauses; what
no model should touch (line breaks, addresses, emoji, other scripts) stays as it is. All patterns take time
proportional to the text, whatever is in it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sokuji.text.punctuation import ends_abbreviation

MAX_PIECE_CHARS = 250
"""The longest piece that a model is given."""

# Typographic quotation marks and apostrophes, of which the models know none.
_QUOTES = str.maketrans(
    {**dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'), **dict.fromkeys("\u2018\u2019\u201a", "'")}
)
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff"
KEPT = re.compile(
    r"([\r\n]+"
    r"|https?://[^\s<>]{0,2000}\w"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    # Behind the first emoji come more of them, and the characters that join and vary them.
    rf"|[{_EMOJI}][{_EMOJI}\ufe0f\u200d\U000e0020-\U000e007f]*)"
)
_TRANSLATABLE = re.compile(r"[0-9A-Za-zÀ-ÖØ-öø-ÿ]")
# Closing punctuation, quotes and brackets, then a gap before a capital or a digit.
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(\s+)(?=[\"'(\[¿¡-]*[0-9A-ZÀ-ÖØ-Þ])")
_CLAUSE_END = re.compile(r"[.!?…;:,]\s+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TextStretch:
    """A stretch of text; all pieces in order make the whole."""

    text: str
    translatable: bool
    is_sentence: bool = False
    """False for a part of a sentence: of one that was too long, or behind an address or an emoji."""


def translate_text(text: str, translate: Callable[[str], str]) -> str:
    """``text`` with each of its sentences replaced by what ``translate`` makes of it."""
    pieces = split(text.translate(_QUOTES))
    return "".join(_translate(piece, translate) if piece.translatable else piece.text for piece in pieces)


def split(text: str) -> Iterator[TextStretch]:
    """The pieces of a text, the translatable ones of at most ``MAX_PIECE_CHARS`` and without outer space."""
    before = "\n"
    for index, stretch in enumerate(KEPT.split(text)):
        is_kept = index % 2 == 1
        if is_kept or not _TRANSLATABLE.search(stretch):
            yield TextStretch(stretch, translatable=False)
        else:
            yield from _pieces(stretch, at_line_start=before[-1] in "\r\n")
        before = stretch if is_kept else before


def _pieces(stretch: str, at_line_start: bool) -> Iterator[TextStretch]:
    body = stretch.strip()
    start = stretch.index(body)
    yield TextStretch(stretch[:start], translatable=False)
    is_sentence = at_line_start
    for sentence, gap in _sentences(body):
        yield from _clauses(sentence, is_sentence)
        yield TextStretch(gap, translatable=False)
        is_sentence = True
    yield TextStretch(stretch[start + len(body) :], translatable=False)


def _sentences(body: str) -> Iterator[tuple[str, str]]:
    """(sentence, the space behind it)."""
    begin = 0
    for end in _SENTENCE_END.finditer(body):
        if not ends_abbreviation(body, end.start() + 1):
            yield body[begin : end.start(1)], end[1]
            begin = end.end(1)
    yield body[begin:], ""


def _clauses(sentence: str, is_sentence: bool) -> Iterator[TextStretch]:
    begin = 0
    while len(sentence) - begin > MAX_PIECE_CHARS:
        cut = _cut(sentence, begin)
        clause = sentence[begin:cut].rstrip()
        yield TextStretch(clause, translatable=True)
        yield TextStretch(sentence[begin + len(clause) : cut], translatable=False)
        begin = cut
    yield TextStretch(sentence[begin:], translatable=True, is_sentence=is_sentence and begin == 0)


def _cut(sentence: str, begin: int) -> int:
    """Where the piece ends: behind its last punctuation, else behind its last space, else where it must."""
    end = begin + MAX_PIECE_CHARS
    for boundary in (_CLAUSE_END, _SPACE):
        cuts = [match.end() for match in boundary.finditer(sentence, begin, end)]
        if cuts and cuts[-1] > begin + MAX_PIECE_CHARS // 3:
            return cuts[-1]
    return end


def _translate(piece: TextStretch, translate: Callable[[str], str]) -> str:
    text = piece.text
    shouted = text.isupper() and " " in text
    if shouted:
        # Small models know few words in capitals.
        text = text.lower()
    if piece.is_sentence:
        # They learned from complete sentences: "não" alone becomes "the no", but "Não." becomes "No.".
        text = text[0].upper() + text[1:]
    if piece.is_sentence and text[-1].isalnum():
        result = translate(text + ".").removesuffix(".")
    else:
        result = translate(text)
    return result.upper() if shouted else result
