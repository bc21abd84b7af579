"""Word and character error rates. The tests compare texts as the measurements in load_tests do."""

import jiwer

from load_tests.measurements.word_errors import normalised

__all__ = ["character_error_rate", "normalised", "word_error_rate"]


def word_error_rate(reference: str, hypothesis: str, language: str) -> float:
    """Errors per word of the reference, in every language."""
    return float(jiwer.wer(normalised(reference, language), normalised(hypothesis, language)))


def character_error_rate(reference: str, heard: str) -> float:
    """Errors per character of the reference, spaces left out."""
    expected, found = ("".join(normalised(text, "").split()) for text in (reference, heard))
    return float(jiwer.cer(expected, found))
