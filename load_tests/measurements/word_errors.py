"""How alike two texts are, whatever their punctuation, case and way of writing small numbers."""

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
CHARACTERS = frozenset({"ja", "zh"})
"""Languages whose errors are counted in characters, not words."""
# A letter with its vowel signs and other marks, which \w leaves out.
_WORD = re.compile(r"(?:\w[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0962\u0963]*)+")


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors, and the words (or characters) of the reference that they were made in."""

    errors: int = 0
    words: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float:
        """Errors per word."""
        return self.errors / self.words


def normalised(text: str, language: str) -> str:
    """Lower case, words only, numbers up to ten in words."""
    numbers = NUMBERS.get(language, "").split()

    def in_words(match: re.Match[str]) -> str:
        value = int(match[0])
        return numbers[value] if value < len(numbers) else match[0]

    spelled = re.sub(r"\d+", in_words, unicodedata.normalize("NFKC", text))
    return " ".join(_WORD.findall(spelled.lower()))


def errors(reference: str, heard: str, language: str) -> Errors:
    """Substitutions, deletions and insertions of words; of characters where the language has no spaces."""
    expected, found = normalised(reference, language), normalised(heard, language)
    if language in CHARACTERS:
        expected, found = (" ".join(text.replace(" ", "")) for text in (expected, found))
    result = jiwer.process_words(expected, found)
    return Errors(result.substitutions + result.deletions + result.insertions, len(expected.split()))


def word_error_rate(reference: str, heard: str, language: str) -> float:
    """Errors per word of the reference."""
    return float(jiwer.wer(normalised(reference, language), normalised(heard, language)))
