"""Aligns a text with an earlier version of it: pure.

The same speech, recognised or translated a second time, may be split at other places and may contain slightly
different words. Texts are therefore compared letter by letter, without case, punctuation and spaces.
"""

from difflib import SequenceMatcher

MIN_SIMILARITY = 0.6
"""Least similarity (2 x matches / letters of both) of two versions of the same speech."""


def unmatched_tails(known: str, repeated: str) -> tuple[str, str]:
    """The end of ``repeated`` that ``known`` lacks, and the end of ``known`` that ``repeated`` lacks.

    Where the texts are not similar up to the end of the shorter one, all of ``repeated`` is new.
    """
    known_letters, repeated_letters = _letters(known), _letters(repeated)
    common = min(len(known_letters), len(repeated_letters))
    matcher = SequenceMatcher(None, known_letters[:common], repeated_letters[:common], autojunk=False)
    if matcher.ratio() < MIN_SIMILARITY:
        return repeated, ""
    return _after(repeated, common), _after(known, common)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _after(text: str, count: int) -> str:
    """The text after its first ``count`` letters, from the next word on."""
    start = 0
    while start < len(text) and count > 0:
        count -= len(_letters(text[start]))
        start += 1
    if " " in text:  # In languages with spaces, skip the rest of the word.
        while 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
            start += 1
    while start < len(text) and not text[start].isalnum():
        start += 1
    return text[start:]
