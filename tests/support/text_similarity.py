"""Word and character error rates. The tests compare texts as the measurements in load_tests do."""

import jiwer

from load_tests.measurements.word_errors import normalised, word_error_rate

__all__ = ["character_error_rate", "normalised", "word_error_rate"]


def character_error_rate(reference: str, heard: str) -> float:
    """Errors per character of the reference, spaces left out."""
    expected, found = ("".join(normalised(text, "").split()) for text in (reference, heard))
    return float(jiwer.cer(expected, found))
