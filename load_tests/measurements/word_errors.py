"""Word errors of a transcript, whatever its punctuation, case and way of writing small numbers."""

import re
import unicodedata
from dataclasses import dataclass

import jiwer

NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć",
    "hi": "शून्य एक दो तीन चार पांच छह सात आठ नौ दस",
    "ja": "零 一 二 三 四 五 六 七 八 九 十",
    "zh": "零 一 二 三 四 五 六 七 八 九 十",
}
LEAST_COUNTED = 5
"""Fewer consecutive digits are a number: 1234."""
CHARACTERS = frozenset({"ja", "zh"})
"""Languages without spaces, whose errors are counted in characters."""


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Errors, and the words (or characters) of the reference."""

    errors: int = 0
    words: int = 0

    def __add__(self, other: "ErrorCount") -> "ErrorCount":
        return ErrorCount(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors per word."""
        return self.errors / self.words


def normalised(text: str, language: str) -> str:
    """Lower case, words only, numbers up to ten in words.

    Somebody who counts may have been written down without spaces: "23456" is "two three four five six".
    """
    numbers = NUMBERS.get(language, "").split()

    def in_words(match: re.Match[str]) -> str:
        digits = _counted(match[0]) or [match[0]]
        return " ".join(numbers[int(each)] if int(each) < len(numbers) else each for each in digits)

    spelled = re.sub(r"\d+", in_words, unicodedata.normalize("NFKC", text))
    return " ".join("".join(map(_in_word, spelled.lower())).split())


def _counted(digits: str) -> list[str]:
    """The consecutive numbers that the digits are, one behind the other; empty if they are no counting."""
    values: list[str] = []
    while len(joined := "".join(values)) < len(digits):
        values.append(str(int(values[-1]) + 1 if values else int(digits[0])))
    return values if joined == digits and len(values) >= LEAST_COUNTED else []


def _in_word(character: str) -> str:
    """Letters, their marks and digits of any script; a space for what separates words."""
    category = unicodedata.category(character)
    if category == "Cf":
        # Joiners, which only shape the letters around them.
        return ""
    return character if category[0] in "LMN" else " "


def tokens(text: str, language: str) -> list[str]:
    """The words of a text as they are written; its characters where the language has no spaces."""
    return list("".join(text.split())) if language in CHARACTERS else text.split()


def words(text: str, language: str) -> list[str]:
    """The tokens of the normalised text."""
    return tokens(normalised(text, language), language)


def count_errors(reference: str, hypothesis: str, language: str) -> ErrorCount:
    """Substitutions, deletions and insertions."""
    expected = words(reference, language)
    result = jiwer.process_words(" ".join(expected), " ".join(words(hypothesis, language)))
    return ErrorCount(result.substitutions + result.deletions + result.insertions, len(expected))
