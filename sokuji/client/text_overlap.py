"""Where a text that comes again goes on behind what is known of it: pure.

The same speech recognised or translated once more may be cut elsewhere and may be worded a little
differently. So texts are laid side by side letter by letter; punctuation and case do not count.
"""

from difflib import SequenceMatcher

ALIKE = 0.6
"""Least similarity (2 x matches / letters of both) of two wordings of the same speech."""


def beyond(known: str, again: str) -> tuple[str, str]:
    """What each of two texts has behind the end of the other: first ``again``, then ``known``.

    All of ``again`` is new where the two are not alike as far as both go.
    """
    ours, theirs = _letters(known), _letters(again)
    common = min(len(ours), len(theirs))
    if SequenceMatcher(None, ours[:common], theirs[:common], autojunk=False).ratio() < ALIKE:
        return again, ""
    return _behind(again, common), _behind(known, common)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _behind(text: str, count: int) -> str:
    """What follows the first ``count`` letters, from the next word on."""
    place = 0
    while place < len(text) and count > 0:
        count -= len(_letters(text[place]))
        place += 1
    if " " in text:  # Not in the middle of a word, in languages that have such.
        while 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum():
            place += 1
    while place < len(text) and not text[place].isalnum():
        place += 1
    return text[place:]
