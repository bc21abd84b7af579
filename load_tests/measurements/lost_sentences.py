"""Which sentences of a longer recording are missing in its transcript, in any script. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import jiwer

from load_tests.measurements.word_errors import words

LOST = 0.5
"""A sentence with this share of its words deleted or more is lost."""
_DIGITS = re.compile(r"\d{3,}")


def lost_sentences(sentences: Sequence[str], hypothesis: str, language: str) -> list[int]:
    """The numbers of the sentences that are missing in ``hypothesis``, the transcript of all of them.

    Words that are merely wrong are not missing: only deletions count, in the alignment with the fewest
    errors, and as many words must be missing from the whole transcript, and as many letters, because words
    may be written as one. In languages without spaces, words are characters.
    """
    expected = [_words(sentence, language) for sentence in sentences]
    spoken, heard = [word for sentence in expected for word in sentence], _words(hypothesis, language)
    (chunks,) = jiwer.process_words(" ".join(spoken), " ".join(heard)).alignments
    missing, missing_letters = len(spoken) - len(heard), _letters(spoken) - _letters(heard)
    deleted = {
        index
        for chunk in chunks
        if chunk.type == "delete"
        for index in range(chunk.ref_start_idx, chunk.ref_end_idx)
    }
    bounds = [0, *accumulate(map(len, expected))]
    return [
        number
        for number, sentence in enumerate(expected)
        if missing >= LOST * len(sentence)
        and missing_letters >= LOST * _letters(sentence)
        and sum(index in deleted for index in range(bounds[number], bounds[number + 1]))
        >= LOST * len(sentence)
    ]


def lost_alone(sentences: Sequence[str], lost: Sequence[int], reference: Sequence[int]) -> list[str]:
    """The sentences that are lost in one transcript, but not in the one to which it is compared.

    Equal sentences are counted: a transcript does not show which of them it lacks.

    Args:
        lost, reference: numbers of the sentences that are lost in each.
    """
    more = Counter(sentences[number] for number in lost)
    more.subtract(sentences[number] for number in reference)
    return list((+more).elements())


def _words(text: str, language: str) -> list[str]:
    """Words; digits that were said one by one ("1234567890") are words of their own."""
    return words(_DIGITS.sub(lambda digits: " ".join(digits[0]), text), language)


def _letters(spelled: Sequence[str]) -> int:
    """Letters and digits without marks: about as many in each script that a language may be written in."""
    return sum(unicodedata.category(sign)[0] != "M" for word in spelled for sign in word)
