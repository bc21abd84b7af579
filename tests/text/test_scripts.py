"""A language reads the scripts that it is written in, and Latin letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.scripts import names_of_scripts, reads, romanised


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("Hello, world 5!", ("en", "pt", "ja", "hi", "ru", "zh")),
        ("12:01 €5 😀", ("en", "ja", "hi")),
        ("", ("en", "ja")),
        ("你好，世界", ("zh", "yue", "zh-Hant")),
        ("東京", ("ja", "zh")),
        ("こんにちは世界", ("ja",)),
        ("カタカナー", ("ja",)),
        ("नमस्ते", ("hi",)),
        ("Привет", ("ru", "uk")),
        ("안녕하세요", ("ko",)),
        ("สวัสดี", ("th",)),
        ("Γειά", ("el",)),
        ("مرحبا", ("ar", "fa")),
    ],
)
def test_a_text_is_read_by_the_languages_that_have_its_script(text: str, languages: tuple[str, ...]) -> None:
    every = ("en", "pt", "ja", "hi", "ru", "uk", "zh", "yue", "zh-Hant", "ko", "th", "el", "ar", "fa")
    readers = {language for language in every if reads(language, text)}
    assert readers >= set(languages)
    if not text.isascii() and "😀" not in text:
        assert "en" not in readers
        assert readers <= {*languages, "zh", "yue", "zh-Hant", "ko"}


def test_a_foreign_name_does_not_make_a_text_unreadable_and_is_romanised() -> None:
    text = "The word 東京 means the capital of Japan, said Москва."
    assert reads("en", text)
    assert romanised(text, "en") == "The word DongJing means the capital of Japan, said Moskva."
    assert romanised(text, "ja") == "The word 東京 means the capital of Japan, said Moskva."


@given(st.text())
def test_a_romanised_text_can_be_read(text: str) -> None:
    assert reads("en", romanised(text, "en"))


def test_scripts_are_named_for_people() -> None:
    assert names_of_scripts("你好世界 abc") == "Han, Latin"
