"""How alike two texts are; what the measurements use is good enough for the tests."""

import jiwer

from load_tests.measurements.word_errors import normalised, word_error_rate

__all__ = ["character_error_rate", "normalised", "word_error_rate"]


def character_error_rate(reference: str, heard: str) -> float:
    """Errors per letter of the reference; where words end does not count."""
    expected, found = ("".join(normalised(text, "").split()) for text in (reference, heard))
    return float(jiwer.cer(expected, found))
