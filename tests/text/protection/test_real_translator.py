"""The embedded translator loses no value, changes none and invents none.

The expectations here are written down by hand, or compare digits with regular expressions of their own, so
that a fault of the mechanism cannot hide in its own check.
"""

import re
from collections import Counter

import pytest

from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.text.protection.passage import Ask, TranslationTask
from sokuji.text.protection.translation import translate
from tests.support.sentences_with_values import examples

EN_PT, PT_EN = ("en", "pt"), ("pt", "en")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_LITERALS = re.compile(
    r"\S+@\S+\w|\{\{\w+\}\}|</?b>|[#@]\w+|C:\\\S+|/etc/\w+|[A-Z]\d+-\d+|[½×<😀%]|田中|R\$|€"
)
_NAMED = {"€": "euro", "$": "d[óo]l"}


def asking(bergamot: Bergamot, pair: tuple[str, str], calls: list[list[str]]) -> Ask:
    async def ask(texts: list[str]) -> list[str]:
        calls.append(texts)
        requests = [TranslationRequest(text=text, source=pair[0], target=pair[1]) for text in texts]
        answers = await bergamot.translate(requests)
        return [answer.text for answer in answers if isinstance(answer, TranslatedText)]

    return ask


def digits(text: str) -> Counter[str]:
    """The numbers without separators; times as on a 24-hour clock."""

    def to_24_hours(match: re.Match[str]) -> str:
        return f"{int(match[1]) % 12 + (12 if match[3].lower() == 'p' else 0)}:{match[2] or '00'}"

    text = re.sub(r"(\d+)(?::(\d\d))?\s*([ap])\.?m\b\.?", to_24_hours, text, flags=re.IGNORECASE)
    text = re.sub(r"\b(\d+)h(\d\d)?\b", lambda match: f"{match[1]}:{match[2] or '00'}", text)
    return Counter(re.sub(r"[.,]", "", number) for number in _DIGITS.findall(text))


def missing(source: str, translation: str) -> list[str]:
    """Literals of the source that the translation does not have; a currency may be a word."""
    return [
        literal
        for literal, count in Counter(_LITERALS.findall(source)).items()
        if translation.count(literal) < count and not re.search(_NAMED.get(literal, "(?!)"), translation)
    ]


@pytest.mark.parametrize("pair", [EN_PT, PT_EN])
async def test_no_value_of_generated_sentences_is_lost_changed_or_invented(
    bergamot: Bergamot, pair: tuple[str, str]
) -> None:
    faults = []
    for example in examples(230):
        source = example.en if pair == EN_PT else example.pt
        calls: list[list[str]] = []
        translation = await translate(TranslationTask(source, pair), asking(bergamot, pair, calls))
        if digits(source) != digits(translation) or missing(source, translation) or len(calls) > 2:
            faults.append((source, translation))
    assert faults == []


@pytest.mark.parametrize(
    ("pair", "text", "kept"),
    [
        (EN_PT, "Invoice 1,220,295 for customer 06/11/2023, please.", ["1.220.295", "06/11/2023"]),
        (EN_PT, "We counted 3,551,198 and 6,909,144 yesterday.", ["3.551.198", "6.909.144"]),
        (EN_PT, "278260495", ["278260495"]),
        (EN_PT, "It costs $1,299.99 plus tax.", ["$ 1.299,99"]),
        (EN_PT, "¥500", ["¥ 500"]),
        (EN_PT, "I paid ¥500 for it.", ["¥ 500"]),
        (EN_PT, "If x < 5 then stop.", ["x < 5"]),
        (EN_PT, "½ cup", ["½"]),
        (EN_PT, "5 × 3 = 15", ["5 × 3 = 15"]),
        (EN_PT, r"Open C:\temp and C:\temp\new.txt now.", [r"C:\temp e ", r"C:\temp\new.txt"]),
        (EN_PT, "Hello {{name}}, you have {{count}} new messages.", ["{{name}}", "{{count}}"]),
        (EN_PT, "Hello {0}, %1$s sent ${x} to @bob about #party.",
         ["{0}", "%1$s", "${x}", "@bob", "#party"]),
        (EN_PT, "<b>hi</b>", ["<b>", "</b>"]),
        (EN_PT, "My friend 田中 lives in Tokyo.", ["田中"]),
        (EN_PT, "Мария is here, and 😀 too.", ["Мария", "😀"]),
        (EN_PT, "It costs €5 or £6.", ["€ 5|5 euros", "£ 6|6 libras"]),
        (EN_PT, "First line with 3,500.\n\nSecond line.", ["3.500", "\n\n"]),
        (EN_PT, "See https://example.com/a_b?c=1 or write to john.doe@example.com.",
         ["https://example.com/a_b?c=1", "john.doe@example.com"]),
        (PT_EN, "Fatura 9.320 do cliente 8.970.118, por favor.", ["9,320", "8,970,118"]),
        (PT_EN, "Fatura 2681572346461666 do cliente 936030836, por favor.",
         ["2681572346461666", "936030836"]),
        (PT_EN, "Fatura 14/04/2006 do cliente 0286 464 561, por favor.", ["14/04/2006", "0286 464 561"]),
        (PT_EN, "O meu número é 7.132.540, obrigado.", ["7,132,540"]),
        (PT_EN, "Custa R$ 1.299,99 mais impostos.", ["R$", "1,299.99"]),
        (PT_EN, "O trem parte às 19h45.", ["7:45 p.m.|19:45"]),
    ],
)  # fmt: skip
async def test_the_embedded_translator_keeps_what_it_used_to_lose(
    bergamot: Bergamot, pair: tuple[str, str], text: str, kept: list[str]
) -> None:
    calls: list[list[str]] = []
    translation = await translate(TranslationTask(text, pair), asking(bergamot, pair, calls))
    assert [each for each in kept if not any(form in translation for form in each.split("|"))] == []
    assert len(calls) <= 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please write to john.doe@example.com before Friday.",
         "Por favor escreva para john.doe@example.com antes de sexta-feira."),
        ("Hello 😀 my friend 👨‍👩‍👧, how are you?", "Olá 😀 meu amigo 👨‍👩‍👧, como você está?"),
        ("My site https://example.com was down yesterday.",
         "O meu site https://example.com foi para baixo ontem."),
    ],
)  # fmt: skip
async def test_words_around_an_address_or_an_emoji_are_translated_as_one_sentence(
    bergamot: Bergamot, text: str, expected: str
) -> None:
    assert await translate(TranslationTask(text, EN_PT), asking(bergamot, EN_PT, [])) == expected


async def test_a_sentence_that_the_translator_handles_well_costs_one_call(bergamot: Bergamot) -> None:
    calls: list[list[str]] = []
    translation = await translate(
        TranslationTask("He scored 3.5 points, 12% more than in 2019.", EN_PT), asking(bergamot, EN_PT, calls)
    )
    assert translation == "Ele marcou 3,5 pontos, 12% a mais do que em 2019."
    assert calls == [["He scored 3.5 points, 12% more than in 2019."]]
