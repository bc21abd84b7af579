"""How alike two texts are; what the measurements use is good enough for the tests."""

from load_tests.words import normalised, word_error_rate

__all__ = ["normalised", "word_error_rate"]
