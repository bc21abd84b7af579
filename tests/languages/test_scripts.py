"""Whether a text is in the script of its language."""

import pytest

from sokuji.languages import LANGUAGES
from sokuji.languages.scripts import own_letters


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("नमस्ते दुनिया।", "hi"),
        ("اونٹ کے منہ", "ur"),
        ("こんにちは、世界。コーヒー", "ja"),
        ("你好世界", "zh"),
        ("안녕하세요", "ko"),
        ("Добрий день", "uk"),
        ("Dobar dan", "sr"),
        ("Добар дан", "sr"),
        ("Olá, ação", "pt"),
        ("e\u0301te\u0301", "fr"),
        ("Salve", "la"),
        ("สวัสดี", "th"),
        ("ᱥᱟᱱᱛᱟᱲᱤ", "sat"),
        ("ㄅㄆㄇ", "zh"),
        ("ｶﾀｶﾅ", "ja"),
    ],
)
def test_a_text_in_its_own_script_has_only_own_letters(text: str, language: str) -> None:
    assert own_letters(text, language) == 1


@pytest.mark.parametrize(
    ("text", "language"),
    [("اونٹ کے", "hi"), ("Namaste", "hi"), ("नमस्ते", "ur"), ("Привет", "pt"), ("Hello", "ja")],
)
def test_a_text_in_another_script_has_none(text: str, language: str) -> None:
    assert own_letters(text, language) == 0


def test_digits_and_punctuation_belong_to_no_script() -> None:
    assert own_letters("1, 2, 3!", "hi") is None
    assert own_letters("AI नमस्ते", "hi") == pytest.approx(6 / 8)


def test_every_language_has_a_script() -> None:
    for code in LANGUAGES:
        assert own_letters("a", code) in (0, 1)
