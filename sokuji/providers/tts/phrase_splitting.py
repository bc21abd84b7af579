"""Splits a text into phrases that are synthesised one at a time, each with the pause that follows it. Pure.

A phrase is a sentence or a part of a long one. The first phrase is short, so that its audio is ready early;
the following ones grow, because the next phrase is synthesised while a phrase is played. Lengths are in
columns: one for a letter, two for a wide (CJK) character, which takes about twice as long to speak.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sokuji.text.punctuation import (
    CLAUSE_MARKS,
    CLOSING,
    UNSPACED_CLAUSE_MARKS,
    sentence_ends,
    width,
)

GROWTH = 2
"""Growth of the length limit from phrase to phrase; without gaps if synthesis runs at twice real time."""
SLACK = 1.25
"""A phrase is not cut up to this multiple of its limit, so that no very short rest remains."""
MIN_FILL = 0.4
"""Part of the limit that a phrase should fill; every cut impairs the sentence's intonation."""
SENTENCE_PAUSE_MS = 280
CLAUSE_PAUSE_MS = 80

PhonemePhrase = tuple[Sequence[str], int]
"""Phonemes that are synthesised together, and the pause behind them in milliseconds at normal speed."""

_PICTURES_FROM = "\u2190"
"""Symbols below this code point can be read out, such as the degree sign; from here on they are pictures."""
_JOINERS = "\u200c\u200d"
_LONE_JOINER = re.compile(rf"(?<!\S)[{_JOINERS}]+(?!\S)")
_PARAGRAPH = re.compile(r"\n\s*\n")
_CLAUSE_END = re.compile(rf"[{CLAUSE_MARKS}]{CLOSING}(?= |$)|[{UNSPACED_CLAUSE_MARKS}]{CLOSING}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that are synthesised together."""

    text: str
    pause_ms: int
    """Silence behind the phrase at normal speed."""


def split_phrases(text: str, *, first: int, longest: int) -> list[Phrase]:
    """The phrases of a text, in order.

    Args:
        text: any text.
        first: limit of the first phrase, in columns.
        longest: limit of all others, in columns; phrases up to ``SLACK`` times a limit are not cut.
    """
    phrases: list[Phrase] = []
    budget = first
    for sentence in _sentences(speakable_text(text)):
        rest = sentence
        while end := _cut_at(rest, budget, longest):
            part, rest = rest[:end].strip(), rest[end:].strip()
            phrases.append(_phrase_within_sentence(part))
            budget = min(budget * GROWTH, longest)
        phrases.append(Phrase(rest, SENTENCE_PAUSE_MS))
        budget = min(budget * GROWTH, longest)
    return phrases


def speakable_text(text: str) -> str:
    """``text`` without characters that cannot be spoken: control characters, pictures, invisible marks.

    Double square brackets become single ones, because Piper reads raw phonemes between double ones.
    """
    kept = _LONE_JOINER.sub("", "".join(map(_speakable, unicodedata.normalize("NFC", text))))
    return re.sub(r"\[{2,}", "[", re.sub(r"\]{2,}", "]", kept))


def _speakable(character: str) -> str:
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
        for end in sentence_ends(words):
            yield words[start:end].strip()
            start = end
        if start < len(words):
            yield words[start:].strip()


def _phrase_within_sentence(part: str) -> Phrase:
    if any(mark.end() == len(part) for mark in _CLAUSE_END.finditer(part)):
        return Phrase(part, CLAUSE_PAUSE_MS)
    # Without the comma the voice would fall as at the end of a sentence.
    return Phrase(part + ",", 0)


def _cut_at(sentence: str, budget: int, longest: int) -> int:
    """Index at which to cut: behind a clause, else between groups of words, else between words; 0: not at
    all."""
    if (limit := _characters_within(sentence, int(budget * SLACK))) == len(sentence):
        return 0
    end = _characters_within(sentence, budget)
    marks = _CLAUSE_END.finditer(sentence[: limit + 1])
    if clauses := [mark.end() for mark in marks if MIN_FILL * end < mark.end() <= limit]:
        return clauses[-1]
    gaps = [gap.start() for gap in re.finditer(" ", sentence[: end + 1])]
    after_long_word = [
        gap for gap in gaps if gap > MIN_FILL * end and len(sentence[:gap].rsplit(" ", 1)[-1]) > 3
    ]
    # A group of words begins with a function word, and function words are short.
    groups = [gap for gap in after_long_word if len(sentence[gap + 1 : gap + 5].split(" ")[0]) <= 3]
    return (groups or after_long_word or gaps or [_word_end(sentence, end, longest)])[-1]


def _word_end(sentence: str, end: int, longest: int) -> int:
    """The end of a word that is longer than the limit; scripts without spaces are cut anywhere."""
    if width(sentence[end - 1]) == 2:
        return end
    gap = sentence.find(" ", end, longest)
    return gap if gap > 0 else min(longest, len(sentence))


def _characters_within(text: str, columns: int) -> int:
    """How many characters of ``text`` fit into ``columns``, at least one."""
    used = 0
    for index, character in enumerate(text):
        used += width(character)
        if used > columns:
            return max(index, 1)
    return len(text)


def split_phonemes(phonemes: Sequence[str], pause_ms: int, longest: int) -> list[PhonemePhrase]:
    """The phonemes of one phrase in parts of at most ``longest`` symbols, cut between words if possible.

    Models limit the number of symbols, and a short text can have many, such as a number of 100 digits.
    """
    parts: list[PhonemePhrase] = []
    while len(phonemes) > longest:
        gaps = [index for index in range(1, longest) if phonemes[index] == " "]
        end = gaps[-1] if gaps else longest
        parts.append((phonemes[:end], 0))
        phonemes = phonemes[end:]
    return [*parts, (phonemes, pause_ms)] if phonemes else parts
