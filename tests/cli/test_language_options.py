"""Languages on the command line, by code or by name."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from sokuji.cli.language_options import (
    language_code,
    source_language,
    source_languages,
    target_language,
    target_languages,
)
from sokuji.errors import UnsupportedLanguage
from sokuji.languages import LANGUAGES


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("pt", "pt"),
        ("PT_br", "pt"),
        ("Portuguese", "pt"),
        ("portuguese", "pt"),
        ("Brazilian Portuguese", "pt"),
        ("português", "pt"),
        ("Deutsch", "de"),
        ("日本語", "ja"),
        (" French ", "fr"),
        ("zh-TW", "zh-Hant"),
    ],
)
def test_a_language_is_named_by_code_or_by_name(named: str, code: str) -> None:
    assert language_code(named) == target_language(named) == code


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_an_english_name_that_is_understood(code: str) -> None:
    assert LANGUAGES[language_code(LANGUAGES[code].name)].name == LANGUAGES[code].name


@pytest.mark.parametrize(
    ("named", "advice"),
    [
        ("Portugese", "Portuguese (pt)"),
        ("englich", "English (en)"),
        ("Ukranian", "Ukrainian (uk)"),
        ("Japaness", "Japanese (ja)"),
    ],
)
def test_a_language_that_is_misspelt_is_refused_with_the_one_that_was_meant(named: str, advice: str) -> None:
    with pytest.raises(UnsupportedLanguage) as caught:
        language_code(named)
    assert advice in caught.value.message


@given(st.text(max_size=60))
def test_the_refusal_of_whatever_it_is_is_short(named: str) -> None:
    said = ""
    try:
        language_code(named)
    except UnsupportedLanguage as error:
        said = error.message
    assert len(said) < 250


def test_lists_name_each_language_once() -> None:
    assert target_languages("English, pt,en") == "en,pt"
    assert source_languages("Portuguese,pt-BR,zh-TW") == "pt,zh"
    assert (source_languages(""), source_language("AUTO"), source_language("English")) == ("", "auto", "en")
    with pytest.raises(typer.BadParameter, match="nothing"):
        target_languages("en,nothing at all")
