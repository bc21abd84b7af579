"""What a translation adds to words that were said of it before its source was complete. Pure.

What has been shown or spoken is never taken back, but a translator that gets more of a sentence words its
beginning anew: "That is why we ask for", then "So we ask our neighbours for help". So the words said are
aligned with the new translation as those of a transcript are with a new hypothesis (``stable_text``), and
what it has behind them is said next.
"""

from sokuji.text.punctuation import words
from sokuji.text.stable_text import ALIKE, StableText

_MOST_CONTRADICTED = 3 / 4
"""Cost for each word said up to which they are aligned; 1.25 is that of words that do not come again."""
_SAME = 1 / 3
"""The same for whole texts of which one is a version of the other."""


class StableTranslation(StableText):
    """The words of a growing translation on which two versions agree.

    A translator changes the end of what it says more freely than a recogniser, so a word more is held back.
    A version that contradicts the stable words is ignored, however few they are and however often it comes:
    where it goes on behind them cannot be said.
    """

    unsure_words = 2
    can_err = False

    def contradicts(self, cost: float) -> bool:
        """Whether a version has too little in common with the stable words, by the cost of aligning them."""
        return cost > len(words(self.stable)) * _MOST_CONTRADICTED


def continuation(begun: str, whole: str) -> str:
    """What a text adds to another version of its beginning, without the mark between them; empty if the two
    have little in common, or nothing is added."""
    rest, cost = StableText(begun).rest_of(whole)
    added = words(rest)
    if not added or cost > len(words(begun)) * _SAME:
        return ""
    return rest[added[0].start :]


def completion(shown: str, whole: str) -> str | None:
    """What a text adds to words that were shown in advance of it; None: it contradicts them.

    Empty: they say all of it already, as they may have been made from more than the text was.
    """
    said = StableTranslation(shown)
    rest, cost = said.rest_of(whole)
    if not said.contradicts(cost):
        # A mark belongs to the last word of the text, which may not be the last that was shown.
        return rest if not cost or words(rest) else ""
    _, cost = StableText(whole).rest_of(shown)
    return "" if cost <= max(len(words(whole)) * _SAME, ALIKE) else None
