"""The language of texts whose writer does not name it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.language_identification import identify, probable_languages

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

PHRASES = {
    "en": "Hello.|Good morning.|Thank you.|How are you?|Yes.|See you later.|What time is it?|I don't know.",
    "pt": "Olá.|Bom dia.|Obrigado.|Como vai você?|Sim.|Até amanhã.|Que horas são?|Não sei.",
    "es": "Hola.|Buenos días.|Gracias.|¿Cómo estás?|Sí.|Hasta mañana.|¿Qué hora es?|No lo sé.",
    "fr": "Bonjour.|Bonne nuit.|Merci.|Comment ça va ?|Oui.|À demain.|Quelle heure est-il ?|Je ne sais pas.",
    "de": "Hallo.|Guten Morgen.|Danke.|Wie geht's?|Ja.|Bis morgen.|Wie spät ist es?|Ich weiß nicht.",
    "it": "Ciao.|Buongiorno.|Grazie.|Come stai?|Sì.|A domani.|Che ore sono?|Non lo so.",
    "nl": "Hallo.|Goedemorgen.|Bedankt.|Hoe gaat het?|Ja.|Tot morgen.|Hoe laat is het?|Ik weet het niet.",
    "pl": "Cześć.|Dzień dobry.|Dziękuję.|Jak się masz?|Tak.|Do jutra.|Która godzina?|Nie wiem.",
    "sv": "Hej.|God morgon.|Tack.|Hur mår du?|Ja.|Vi ses imorgon.|Vad är klockan?|Jag vet inte.",
    "tr": "Merhaba.|Günaydın.|Teşekkürler.|Nasılsın?|Evet.|Yarın görüşürüz.|Saat kaç?|Bilmiyorum.",
    "ru": "Привет.|Доброе утро.|Спасибо.|Как дела?|Да.|До завтра.|Который час?|Я не знаю.",
    "ja": "こんにちは。|おはよう。|ありがとう。|元気ですか？|はい。|また明日。|今何時ですか？|知りません。",
    "zh": "你好。|早上好。|谢谢。|你好吗？|是。|明天见。|几点了？|我不知道。",
    "ar": "مرحبا.|صباح الخير.|شكرا.|كيف حالك؟|نعم.|أراك غدا.|كم الساعة؟|لا أعرف.",
}
"""Everyday phrases, which say little."""


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


def test_probabilities_are_those_among_all_languages() -> None:
    sure, *rest = probable_languages(SENTENCES["pt"], ["en", "pt"])
    assert sure.code == "pt"
    assert sure.probability > 0.95
    assert [each.code for each in rest] == ["en"]
    (strange,) = probable_languages(SENTENCES["ja"], ["pt"])
    assert strange.probability < 0.01


@pytest.mark.parametrize("text", ["", "123", "...", "_", "😀"])
def test_a_text_without_letters_says_nothing(text: str) -> None:
    assert probable_languages(text, ["en", "xx"]) == [("en", 0), ("xx", 0)]


@given(text=st.text(max_size=300))
def test_any_text_has_probabilities(text: str) -> None:
    found = probable_languages(text, list(SENTENCES))
    assert {each.code for each in found} == SENTENCES.keys()
    assert all(0 <= each.probability <= 1 for each in found)
    assert sum(each.probability for each in found) <= 1.000001


def test_of_a_hundred_everyday_phrases_most_are_found() -> None:
    phrases = [(language, each) for language, several in PHRASES.items() for each in several.split("|")]
    right = sum(identify(phrase, list(PHRASES)) == language for language, phrase in phrases)
    print(f"{right} of {len(phrases)} phrases in {len(PHRASES)} languages")
    assert right > 0.85 * len(phrases)
