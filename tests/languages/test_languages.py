"""The language table agrees with the models it names, and tags of every shape find their way in or out."""

import re

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES as WHISPER_CODES
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import languages
from sokuji.errors import UnsupportedLanguage
from sokuji.languages import LANGUAGES, MAX_TAG_LENGTH
from sokuji.providers.tts.espeak import phonemize

ENTRIES = list(LANGUAGES.values())


def column(name: str) -> list[str]:
    return [value for entry in ENTRIES if (value := getattr(entry, name)) is not None]


def test_table_covers_exactly_whispers_languages() -> None:
    assert sorted(column("whisper")) == sorted(WHISPER_CODES)


def test_table_covers_exactly_nllbs_languages() -> None:
    # "No Language Left Behind", arXiv:2207.04672: 202 tokens, counting scripts.
    assert len(column("nllb")) == 202


def test_a_code_names_a_script_only_where_the_language_is_written_in_two() -> None:
    codes = set(LANGUAGES)
    for entry in ENTRIES:
        language, _, script = entry.code.partition("-")
        assert entry.spoken == language
        assert language in codes
        if script:
            assert entry.nllb is not None
            assert entry.nllb.endswith(f"_{script}")
            # Who listens or speaks knows the language.
            assert entry.whisper is entry.espeak is entry.kokoro is None


@pytest.mark.parametrize("name", ["code", "name", "whisper", "nllb", "deepl", "espeak", "kokoro"])
def test_no_two_languages_share_a_name(name: str) -> None:
    values = column(name)
    assert len(values) == len(set(values))


def test_foreign_codes_are_well_formed() -> None:
    assert all(re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", code) for code in column("nllb"))
    assert all(re.fullmatch(r"[A-Z]{2,3}", code) for code in column("deepl"))
    assert sorted(column("kokoro")) == list("aefhijpz")


def test_every_espeak_voice_speaks() -> None:
    for entry in ENTRIES:
        if entry.espeak is not None:
            assert phonemize(entry.espeak, "12"), entry.code


def test_canonical_codes_parse_to_themselves() -> None:
    assert [languages.parse(code, "language") for code in LANGUAGES] == list(LANGUAGES)


def test_source_languages_are_spoken_languages_each_once() -> None:
    assert languages.parse_sources(["pt-BR", " en", "PT", "zh-TW"]) == ("pt", "en", "zh")
    with pytest.raises(UnsupportedLanguage, match="source_languages 'auto'"):
        languages.parse_sources(["auto"])


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("PT-br", "pt"),
        ("pt_BR", "pt"),
        ("EN", "en"),
        ("zh-Hans-TW", "zh"),
        ("zh-SG", "zh"),
        ("zh-yue-HK", "yue"),
        ("cmn-Hans", "zh"),
        ("jw", "jv"),
        ("iw-IL", "he"),
        ("nb-NO", "no"),
        ("no", "no"),
        ("nn", "nn"),
        ("fil-PH", "tl"),
        ("es-419", "es"),
        ("de-DE-u-co-phonebk", "de"),
        ("ar-EG", "ar"),
        ("ar-arz", "arz"),
        ("arb", "ar"),
        ("kmr-Latn", "ku"),
        ("sr-Latn", "sr"),
    ],
)
def test_tags_parse_to_the_canonical_code(tag: str, code: str) -> None:
    assert languages.parse(tag, "language") == code
    assert languages.parse_source(tag) == code


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("zh-Hant", "zh-Hant"),
        ("ZH_hant_HK", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("cmn-Hant", "zh-Hant"),
        ("ks-Deva-IN", "ks-Deva"),
        ("knc-Arab", "kr-Arab"),
    ],
)
def test_a_script_counts_where_a_language_is_written_but_not_where_it_is_spoken(tag: str, code: str) -> None:
    assert languages.parse(tag, "target_language") == code
    assert languages.parse_source(tag) == code.partition("-")[0]


NOT_LANGUAGES = ["", "-", "e", "xx", "klingon", "i-klingon", "x-private", "en-", "en--US", "en US", "en\n"]
NOT_HERE = ["auto", "zh-nan", "zh-min-nan", "\u212ao", "en" + "-abcdefgh" * 8]


@pytest.mark.parametrize("tag", [*NOT_LANGUAGES, *NOT_HERE, pytest.param("\0" * 100_000, id="huge")])
def test_other_tags_are_refused_by_name(tag: str) -> None:
    with pytest.raises(UnsupportedLanguage) as caught:
        languages.parse(tag, "target_language")
    assert caught.value.param == "target_language"
    assert "target_language" in caught.value.message
    assert ", pt, " in caught.value.message


def test_automatic_detection_is_only_for_sources() -> None:
    assert languages.parse_source("auto") is None
    assert languages.parse_source("Auto") is None
    with pytest.raises(UnsupportedLanguage, match=r"accepted: auto, ace, "):
        languages.parse_source("xx")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_errors_stay_short_whatever_is_sent(tag: str) -> None:
    with pytest.raises(UnsupportedLanguage) as caught:
        languages.parse(tag + "!", "language")
    assert len(caught.value.message) < len(", ".join(LANGUAGES)) + 12 * MAX_TAG_LENGTH


def test_all_exported_names_exist() -> None:
    assert all(hasattr(languages, name) for name in languages.__all__)
