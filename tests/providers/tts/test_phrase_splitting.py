"""Texts are split into phrases that are synthesised one at a time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.providers.tts.phrase_splitting import (
    CLAUSE_PAUSE_MS,
    GROWTH,
    SENTENCE_PAUSE_MS,
    SLACK,
    Phrase,
    speakable_text,
    split_phonemes,
    split_phrases,
)


def texts(text: str, first: int = 200, longest: int = 200) -> list[str]:
    return [phrase.text for phrase in split_phrases(text, first=first, longest=longest)]


def test_each_sentence_is_a_phrase() -> None:
    text = 'Is it late? "Yes!" I said... No, wait.\n\nA heading\n\nThe end'
    assert texts(text) == ["Is it late?", '"Yes!"', "I said...", "No, wait.", "A heading", "The end"]
    assert texts("えきはどこですか。はい！") == ["えきはどこですか。", "はい！"]
    assert texts("यह क्या है? यह घर है। ठीक।") == ["यह क्या है?", "यह घर है।", "ठीक।"]


def test_a_full_stop_that_ends_no_sentence_does_not_split() -> None:
    text = "Dr. J. K. Smith and Sra. Alves paid $3.50 for approx. five at example.com."
    assert texts(text) == [text]


def test_the_first_phrase_is_short_and_the_next_ones_grow() -> None:
    text = (
        "O diretor da empresa disse ontem que todas as lojas do centro da cidade vão abrir amanhã bem cedo."
    )
    lengths = [len(phrase) for phrase in texts(text, first=15, longest=60)]
    limits = [15, 15 * GROWTH, 60, 60]
    assert len(lengths) >= 3
    assert all(length <= columns * SLACK for length, columns in zip(lengths, limits, strict=False))
    assert lengths[0] < max(lengths)


@pytest.mark.parametrize("first", [20, 40])
def test_long_sentences_are_cut_behind_clauses(first: int) -> None:
    text = "It rained in the morning, so we stayed at the house of a friend."
    assert split_phrases(text, first=first, longest=40) == [
        Phrase("It rained in the morning,", CLAUSE_PAUSE_MS),
        Phrase("so we stayed at the house of a friend.", SENTENCE_PAUSE_MS),
    ]


def test_long_clauses_are_cut_between_groups_of_words() -> None:
    text = "We stayed at the house of a very good friend of mine."
    assert split_phrases(text, first=30, longest=40) == [
        Phrase("We stayed at the house,", 0),
        Phrase("of a very good friend of mine.", SENTENCE_PAUSE_MS),
    ]


def test_a_word_longer_than_the_limit_is_not_cut() -> None:
    text = "Geschwindigkeitsbegrenzungen gelten nachts nicht überall."
    assert texts(text, first=20, longest=40)[0] == "Geschwindigkeitsbegrenzungen,"


def test_wide_characters_count_twice() -> None:
    assert texts("あ" * 20, first=20, longest=20)[0].startswith("あ" * 10 + ",")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1b[31m", "a b [31m"),
        ("[[hɛloʊ]] and [[[x]]]", "[hɛloʊ] and [x]"),
        ("[\x00[x]\u200b]", "[ [x]"),
        ("\ud800ok\ufeff\u202e", "ok"),
        ("20\u00a0°C é ½", "20\u00a0°C é ½"),
        ("e\u0301", "é"),
    ],
)
def test_characters_that_cannot_be_spoken_are_removed(text: str, cleaned: str) -> None:
    assert speakable_text(text) == cleaned


def test_pictures_are_not_spoken() -> None:
    assert texts("Fine 👍🏽 👩‍👩‍👧 🇧🇷 ❤️ 1️⃣") == ["Fine 1"]
    assert texts("😀 ❤️") == []


@settings(deadline=None)
@given(st.text(max_size=400), st.integers(5, 40))
def test_no_letter_is_lost_and_no_phrase_is_too_long(text: str, first: int) -> None:
    longest = 60
    phrases = texts(text, first, longest)
    kept = "".join(filter(str.isalnum, speakable_text(text)))
    assert "".join(filter(str.isalnum, "".join(phrases))) == kept
    assert all(len(phrase) <= longest * SLACK + 1 for phrase in phrases)


def test_phonemes_are_cut_between_words_and_the_pause_stays_at_the_end() -> None:
    parts = split_phonemes(list("abc def ghi"), 100, 8)
    assert [("".join(symbols), pause) for symbols, pause in parts] == [("abc def", 0), (" ghi", 100)]
    assert [len(symbols) for symbols, _ in split_phonemes("a" * 20, 0, 8)] == [8, 8, 4]
    assert split_phonemes([], 100, 8) == []
