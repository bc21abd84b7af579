"""How alike two texts are, whatever their punctuation, case and way of writing small numbers."""

import re
import unicodedata

import jiwer

_NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix",
}


def normalised(text: str, language: str) -> str:
    """Lower case, words only, numbers up to ten in words."""
    numbers = _NUMBERS.get(language, "").split()

    def in_words(match: re.Match[str]) -> str:
        value = int(match[0])
        return numbers[value] if value < len(numbers) else match[0]

    spelled = re.sub(r"\d+", in_words, unicodedata.normalize("NFKC", text))
    return " ".join(re.findall(r"\w+", spelled.lower()))


def word_error_rate(reference: str, heard: str, language: str) -> float:
    """Errors per word of the reference."""
    return float(jiwer.wer(normalised(reference, language), normalised(heard, language)))
