"""Languages that instructions name."""

import pytest

from sokuji.languages import LANGUAGES
from sokuji.text.language_names import asked_for

TEXTS = [
    ("Translate everything into French.", "fr"),
    ("Speak Portuguese, not English.", "pt"),
    ("Reply in pt-BR only.", "pt"),
    ("language: es", "es"),
    ("target_language=de", "de"),
    ("pt", "pt"),
    ("zh-TW", "zh-Hant"),
    ('Answer in "ja".', "ja"),
    ("SPEAK GERMAN", "de"),
    ("Translate into Brazilian Portuguese.", "pt"),
    ("You are an interpreter. Translate from Spanish to English.", "en"),
    ("If the user speaks in Spanish, translate to English.", "en"),
    ("Act as a Chinese-to-Japanese translation machine.", "ja"),
    ("English -> Italian", "it"),
    ("Traduce del español al inglés.", "en"),
    ("Traduza do português para o inglês.", "en"),
    ("Traduis de l'anglais vers le français.", "fr"),
    ("Traduci in italiano.", "it"),
    ("Übersetze ins Französische.", "fr"),
    ("Antworte auf Englisch.", "en"),
    ("Переводи на английский.", "en"),
    ("把中文翻译成日语", "ja"),
    ("翻譯成繁體中文", "zh-Hant"),
    ("日本語から英語に通訳してください", "en"),
    ("すべてポルトガル語に翻訳してください", "pt"),
    ("모든 말을 영어로 번역", "en"),
    ("İngilizceye çevir", "en"),
    ("يرجى الترجمة إلى الفرنسية", "fr"),
    ("हिन्दी में अनुवाद करें", "hi"),
]


@pytest.mark.parametrize(("text", "code"), TEXTS)
def test_the_language_that_a_text_asks_for_is_found(text: str, code: str) -> None:
    assert asked_for(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Do it so that no one is in it; as I am, so be it.",
        "Be extremely succinct, act friendly, talk quickly.",
        'Say "no" or "hi" to my no-one.',
        "Lets go.",
        "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI.",
    ],
)
def test_words_that_look_like_codes_or_names_are_no_languages(text: str) -> None:
    assert asked_for(text) is None


def test_every_language_that_the_recogniser_knows_is_found_by_its_english_name() -> None:
    named = [language for language in LANGUAGES.values() if language.whisper and "(" not in language.name]
    missed = [each.code for each in named if asked_for(f"Translate into {each.name}") != each.code]
    assert missed == []
