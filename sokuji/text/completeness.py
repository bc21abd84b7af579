"""How complete a sentence is by its words, from what has been recognised up to a pause. Pure.

Recognisers write a full stop behind almost any audio that ends in silence, so that a mark alone says little:
"I would like to." What speakers do not end with is a surer sign: an article, a preposition, a conjunction, a
digit of a number, a clause that another one has to follow. This rests on small tables of words for some
languages (``open_words``), and on the marks alone for the others.
"""

from sokuji.text.open_words import NO_WORDS, OPEN_WORDS, OpenWords
from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    SENTENCE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    sentence_ends,
    words,
)

COMPLETE, UNMARKED, NUMBER, OPEN = 1.0, 0.4, 0.15, 0.0
"""The sentence may be over; no mark ends it; it ends with a number, which may go on; it goes on."""
_CLAUSE_WORDS = 8
"""A sentence with more words has its second clause, though no mark stands between them."""
_ELLIPSES = ("…", "...", "..")
_QUESTION_OR_CALL = frozenset("!?！？؟")


def completeness(text: str, language: str) -> float:
    """How probably nothing more belongs to the last sentence of ``text``, 0 to 1.

    The values order what is known; they are no measured probabilities.

    Args:
        text: everything recognised up to the pause.
        language: canonical code.
    """
    sentence = text[max(sentence_ends(text), default=0) :].strip()
    spans = words(sentence)
    if not spans:
        return OPEN
    table = OPEN_WORDS.get(language, NO_WORDS)
    spoken = [sentence[slice(*span)].casefold().replace("’", "'") for span in spans]
    marks = sentence[spans[-1].end :].strip()
    if marks.endswith(_ELLIPSES) or _has(marks, CLAUSE_MARKS + UNSPACED_CLAUSE_MARKS + "-"):
        return OPEN
    if not _QUESTION_OR_CALL.isdisjoint(marks):
        return COMPLETE
    inner = sentence[: spans[-1].start]
    if spoken[-1] in table.linking | table.hesitations or _is_one_clause(spoken[0], inner, table):
        return OPEN
    if spoken[-1] in table.numbers or spoken[-1][-1].isdigit():
        return NUMBER
    ends = _has(marks, SENTENCE_MARKS + UNSPACED_SENTENCE_MARKS) and not ends_abbreviation(
        sentence, len(sentence)
    )
    return COMPLETE if ends else UNMARKED


def _is_one_clause(first: str, inner: str, table: OpenWords) -> bool:
    """Whether a clause that another has to follow stands alone: "When I got home."."""
    return first in table.opening and len(words(inner)) < _CLAUSE_WORDS and not _has(inner, CLAUSE_MARKS)


def _has(text: str, kinds: str) -> bool:
    return not set(kinds).isdisjoint(text)
