"""Which sentences of a longer recording are missing in its transcript. Pure."""

from collections.abc import Sequence
from itertools import accumulate

import jiwer

from load_tests.measurements.word_errors import words

LOST = 0.5
"""A sentence with this share of its words deleted or more is lost."""


def lost_sentences(sentences: Sequence[str], hypothesis: str, language: str) -> list[int]:
    """The numbers of the sentences that are missing in ``hypothesis``, the transcript of all of them.

    Words that are merely wrong are not missing: only deletions count, in the alignment with the fewest
    errors, and as many words must be missing from the whole transcript. In languages without spaces, words
    are characters.
    """
    expected = [words(sentence, language) for sentence in sentences]
    spoken, heard = [word for sentence in expected for word in sentence], words(hypothesis, language)
    (chunks,) = jiwer.process_words(" ".join(spoken), " ".join(heard)).alignments
    missing = len(spoken) - len(heard)
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
        and sum(index in deleted for index in range(bounds[number], bounds[number + 1]))
        >= LOST * len(sentence)
    ]
