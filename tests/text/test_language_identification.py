"""The language of texts whose writer does not name it."""

import pytest

from sokuji.text.language_identification import identify

SENTENCES = {
    "en": "The train leaves at nine o'clock.",
    "pt": "O comboio parte às nove horas.",
    "es": "El tren sale a las nueve.",
    "fr": "Le train part à neuf heures.",
    "it": "Il treno parte alle nove.",
    "hi": "ट्रेन नौ बजे निकलती है।",
    "ja": "列車は九時に出発します。",
    "zh": "火车九点出发。",
}


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_a_sentence_is_in_its_language(language: str, sentence: str) -> None:
    assert identify(sentence, list(SENTENCES)) == language


def test_the_answer_is_always_one_of_the_candidates() -> None:
    assert identify(SENTENCES["hi"], ["pt", "en"]) in ("pt", "en")
    assert identify("...", ["pt"]) == "pt"
    assert identify("", ["tlh", "xx"]) == "tlh"
    assert identify(SENTENCES["zh"], ["zh-Hant", "ja"]) == "zh-Hant"


@pytest.mark.parametrize("greeting", ["Hello.", "Hi", "OK", "123"])
def test_the_usual_language_wins_where_a_text_says_little(greeting: str) -> None:
    assert identify(greeting, list(SENTENCES)[::-1], "en") == "en"


@pytest.mark.parametrize("language", ["pt", "es", "fr", "it", "hi", "ja", "zh"])
def test_the_usual_language_does_not_win_over_a_sentence_in_another(language: str) -> None:
    assert identify(SENTENCES[language], list(SENTENCES), "en") == language


def test_a_usual_language_that_is_no_candidate_changes_nothing() -> None:
    assert identify(SENTENCES["pt"], ["es", "pt"], "en") == "pt"
