"""Texts in any script are divided into sentences and put together again without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.providers.translation.nllb.segmentation import (
    TextPart,
    join_translations,
    split_in_two,
    split_sentences,
)

TEXTS = st.text(alphabet=st.sampled_from("aB é1.!?,;:'\"()@/-\n\t 😀。、？あ字ก؟।")) | st.text()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Mr. Smith came at 5 p.m. He left.", ["Mr. Smith came at 5 p.m. ", "He left."]),
        ("It is 3.5 m. long... and 2 wide.", ["It is 3.5 m. long... and 2 wide."]),
        ("你好。你叫什么名字？我很好。", ["你好。", "你叫什么名字？", "我很好。"]),
        ("「はい。」と言った。", ["「はい。」", "と言った。"]),
        ("मैं घर जा रहा हूँ। तुम कहाँ हो?", ["मैं घर जा रहा हूँ। ", "तुम कहाँ हो?"]),
        ("هل أنت هنا؟ نعم. أنا هنا.", ["هل أنت هنا؟ ", "نعم. ", "أنا هنا."]),
        ("Привет. Как дела?", ["Привет. ", "Как дела?"]),
        ('He said: "Go!" She went.', ['He said: "Go!" ', "She went."]),
        ("\nOne\ntwo 😀\n😀", ["One", "two 😀"]),
    ],
)
def test_a_text_is_split_at_the_ends_of_sentences(text: str, sentences: list[str]) -> None:
    assert [piece.text for piece in split_sentences(text) if piece.is_sentence] == sentences


@given(TEXTS)
def test_no_text_is_lost(text: str) -> None:
    pieces = list(split_sentences(text))
    assert "".join(piece.text for piece in pieces) == text
    assert all(any(map(str.isalnum, piece.text)) for piece in pieces if piece.is_sentence)


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("When it rains, we stay at home.", ("When it rains, ", "we stay at home.")),
        ("Yes, we stay at home all day long.", ("Yes, we stay at ", "home all day long.")),
        ("如果下雨，我们就待在家里。", ("如果下雨，", "我们就待在家里。")),
        ("one two three four", ("one two ", "three four")),
        ("Antidisestablishmentarianism!", None),
    ],
)
def test_a_sentence_is_split_at_a_comma_near_its_middle_or_else_between_words(
    sentence: str, parts: tuple[str, str] | None
) -> None:
    assert split_in_two(sentence) == parts


@given(TEXTS)
def test_both_halves_together_are_the_sentence_and_neither_is_empty(text: str) -> None:
    if parts := split_in_two(text):
        assert "".join(parts) == text
        assert all(part.strip() for part in parts)


@pytest.mark.parametrize(
    ("text", "translations", "whole"),
    [
        ("Yes. No.", ["Sim.", "Não."], "Sim. Não."),
        ("是。否。", ["Yes.", "No."], "Yes. No."),
        ("Yes. No.", ["是。", "否。"], "是。否。"),
        ("Yes. No.", ["ใช่", "ไม่"], "ใช่ไม่"),
        ("Yes.\n\nNo. ", ["Sim.", "Não."], "Sim.\n\nNão. "),
        ("Yes. No.", ["", "Não."], " Não."),
    ],
)
def test_sentences_are_separated_as_in_the_target_language(
    text: str, translations: list[str], whole: str
) -> None:
    assert join_translations(list(split_sentences(text)), translations) == whole


def test_parts_that_are_no_sentences_are_kept() -> None:
    assert (
        join_translations([TextPart("...", False), TextPart("Hi!", True), TextPart(" 😀", False)], ["Oi!"])
        == "...Oi! 😀"
    )


@pytest.mark.parametrize("unit", [" ", "a", "A. ", "https://", "a@", "!'", ". (", "1,", "\n", "。", '."'])
def test_a_text_made_to_be_slow_is_split_quickly(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert "".join(piece.text for piece in split_sentences(text)) == text
