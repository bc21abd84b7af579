"""Text to speakable phrases: what is spoken in one go, and the pause that follows it.

A phrase is a sentence, or a part of a long one. Phrases start short and grow: the first audio leaves early,
and while a phrase is heard there is time to make the next, longer one. Lengths are columns: one for a letter,
two for a wide (CJK) character, which takes about twice as long to say.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_CLAUSE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    width,
)

GROWTH = 2
"""How much longer a phrase may be than the one before: no gap is heard at twice real time."""
SLACK = 1.25
"""A phrase this much over its length is not cut, so that no scrap is left behind."""
LEAST = 0.4
"""Share of the length that a part should have at least; every cut costs some of the sentence's melody."""
SENTENCE_PAUSE_MS = 280
CLAUSE_PAUSE_MS = 80

PhonemePhrase = tuple[Sequence[str], int]
"""Phonemes that are rendered in one go, and the milliseconds of silence behind them at normal speed."""

_PICTURES_FROM = "\u2190"
"""Symbols below it are signs that have a reading, such as the degree sign; from here on they are pictures."""
_JOINERS = "\u200c\u200d"
_LONE_JOINER = re.compile(rf"(?<!\S)[{_JOINERS}]+(?!\S)")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(rf"[{SENTENCE_MARKS}]+{CLOSING}(?= )|[{UNSPACED_SENTENCE_MARKS}]+{CLOSING}")
_CLAUSE_END = re.compile(rf"[{CLAUSE_MARKS}]{CLOSING}(?= |$)|[{UNSPACED_CLAUSE_MARKS}]{CLOSING}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words spoken in one go."""

    text: str
    pause_ms: int
    """Silence that belongs behind it at normal speed."""


def split(text: str, *, first: int, longest: int) -> list[Phrase]:
    """The phrases of a text, in order.

    Args:
        text: as it came from the caller.
        first: columns that the first phrase should have at most.
        longest: columns that any phrase should have at most; up to ``SLACK`` times that is let through.
    """
    phrases: list[Phrase] = []
    budget = first
    for sentence in _sentences(clean(text)):
        rest = sentence
        while end := _cut_at(rest, budget, longest):
            part, rest = rest[:end].strip(), rest[end:].strip()
            phrases.append(_inner(part))
            budget = min(budget * GROWTH, longest)
        phrases.append(Phrase(rest, SENTENCE_PAUSE_MS))
        budget = min(budget * GROWTH, longest)
    return phrases


def clean(text: str) -> str:
    """``text`` without what has no sound: control characters, pictures, invisible marks.

    Doubled square brackets, between which Piper takes raw phonemes, become single ones.
    """
    kept = _LONE_JOINER.sub("", "".join(map(_audible, unicodedata.normalize("NFC", text))))
    return re.sub(r"\[{2,}", "[", re.sub(r"\]{2,}", "]", kept))


def _audible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return "\n" if character == "\n" else " "
    if category.startswith("C"):
        return character if character in _JOINERS else ""
    if category in ("So", "Sk") and character >= _PICTURES_FROM:
        return " "
    invisible = category == "Me" or "\ufe00" <= character <= "\ufe0f"
    return "" if invisible else character


def _sentences(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        words = " ".join(paragraph.split())
        start = 0
        for match in _SENTENCE_END.finditer(words):
            end = match.end()
            goes_on = words[end : end + 2].lstrip()[:1].islower()
            if not goes_on and not ends_abbreviation(words, end):
                yield words[start:end].strip()
                start = end
        if start < len(words):
            yield words[start:].strip()


def _inner(part: str) -> Phrase:
    if any(mark.end() == len(part) for mark in _CLAUSE_END.finditer(part)):
        return Phrase(part, CLAUSE_PAUSE_MS)
    # Without the comma the voice would fall as at the end of a sentence.
    return Phrase(part + ",", 0)


def _cut_at(sentence: str, budget: int, longest: int) -> int:
    """Where to cut: behind a clause, else between groups of words, else between words; 0: nowhere."""
    if (most := _fitting(sentence, int(budget * SLACK))) == len(sentence):
        return 0
    end = _fitting(sentence, budget)
    marks = _CLAUSE_END.finditer(sentence[: most + 1])
    if clauses := [mark.end() for mark in marks if LEAST * end < mark.end() <= most]:
        return clauses[-1]
    gaps = [gap.start() for gap in re.finditer(" ", sentence[: end + 1])]
    apart = [at for at in gaps if at > LEAST * end and len(sentence[:at].rsplit(" ", 1)[-1]) > 3]
    # Function words are short, and open the group that they belong to.
    groups = [at for at in apart if len(sentence[at + 1 : at + 5].split(" ")[0]) <= 3]
    return (groups or apart or gaps or [_word_end(sentence, end, longest)])[-1]


def _word_end(sentence: str, end: int, longest: int) -> int:
    """The end of a word that is longer than it should be; scripts without spaces are cut anywhere."""
    if width(sentence[end - 1]) == 2:
        return end
    gap = sentence.find(" ", end, longest)
    return gap if gap > 0 else min(longest, len(sentence))


def _fitting(text: str, columns: int) -> int:
    """How many characters of ``text`` fit, at least one."""
    used = 0
    for index, character in enumerate(text):
        used += width(character)
        if used > columns:
            return max(index, 1)
    return len(text)


def cut_phonemes(phonemes: Sequence[str], pause_ms: int, longest: int) -> list[PhonemePhrase]:
    """The phonemes of one phrase as pieces of at most ``longest`` symbols, cut at gaps between words if any.

    Models take only so many symbols, and a short text can be long to say: a number of 100 digits.
    """
    pieces: list[PhonemePhrase] = []
    while len(phonemes) > longest:
        gaps = [at for at in range(1, longest) if phonemes[at] == " "]
        end = gaps[-1] if gaps else longest
        pieces.append((phonemes[:end], 0))
        phonemes = phonemes[end:]
    return [*pieces, (phonemes, pause_ms)] if phonemes else pieces
