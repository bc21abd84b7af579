"""Terms come out as told, whatever a translator without a glossary does to the text."""

import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.text.glossary import Occurrence, find, replace
from sokuji.text.protection.passage import Ask, TranslationTask
from sokuji.text.protection.translation import translate as translate_protected
from tests.support.hostile_translators import CHANGES, Change, Mangler, reordered

GLOSSARY = {
    "invoice": "fatura", "purchase order": "Ordem de Compra", "order": "pedido", "C++": "C++",
    "iPhone": "iPhone", "bill": "fatura", "green": "Green Bank",
}  # fmt: skip
WORDS = [
    "the",
    "invoice",
    "Bill",
    "purchase order",
    "order",
    "C++,",
    "IPHONE.",
    "green!",
    "and then.",
    "we\n",
]


async def translated(
    text: str, glossary: Mapping[str, str], ask: Ask, pair: tuple[str, str] = ("en", "pt")
) -> str:
    return await translate_protected(TranslationTask(text, pair, glossary), ask)


def targets_in(text: str, glossary: Mapping[str, str]) -> Counter[str]:
    """How often each target stands in a text, exactly as it is written."""
    targets = {target: target for target in glossary.values()}
    found = find(text, targets, in_compounds=True)
    return Counter(text[each.start : each.end] for each in found)


def expected(found: list[Occurrence]) -> Counter[str]:
    return Counter(each.target for each in found)


@given(
    st.lists(st.sampled_from(WORDS), max_size=12),
    st.lists(st.sampled_from(CHANGES), max_size=3),
    st.integers(),
)
async def test_every_term_comes_out_once_per_occurrence_and_no_stand_in_is_left(
    words: list[str], changes: list[Change], seed: int
) -> None:
    def change(said: list[str], dice: random.Random) -> list[str]:
        for each in changes:
            said = each(said, dice)
        return said

    text = " ".join(words)
    mangler = Mangler(change, seed)
    result = await translated(text, GLOSSARY, mangler)
    assert targets_in(result, GLOSSARY) == expected(find(text, GLOSSARY))
    assert not re.search(r"\d|[QZ]\W*[XV]", result, re.IGNORECASE)
    assert len(mangler.calls) <= 2


@given(st.text(alphabet="QXZVKor7461 1.\nabü", max_size=40), st.integers())
async def test_a_text_that_looks_like_stand_ins_is_no_trouble(text: str, seed: int) -> None:
    text = f"{text} invoice {text}"
    # Both languages write numbers in the same way.
    result = await translated(text, {"invoice": "fatura"}, Mangler(reordered, seed), ("en", "zh"))
    assert targets_in(result, {"invoice": "fatura"}) == {"fatura": 1}
    assert sorted("".join(result.split())) == sorted("".join(text.replace("invoice", "fatura").split()))


async def test_a_text_without_terms_is_translated_in_one_call_as_a_whole() -> None:
    mangler = Mangler(lambda words, dice: [word.upper() for word in words])
    assert await translated(" one. two three! four ", GLOSSARY, mangler) == " ONE. TWO THREE! FOUR "
    assert mangler.calls == [["one. two three! four"]]


async def test_only_sentences_with_terms_are_asked_for_more_than_once_and_in_the_same_call() -> None:
    mangler = Mangler(lambda words, dice: words)
    text = "Nobody came. Mr. Smith was there. Send the bill.\nThat is all. He left."
    assert await translated(text, GLOSSARY, mangler) == text.replace("bill", "fatura")
    assert mangler.calls == [
        ["Nobody came. Mr. Smith was there.", "Send the bill.", "Send the fatura.", "Send the QX61.",
         "That is all. He left."]
    ]  # fmt: skip


async def test_other_stand_ins_are_tried_for_the_sentences_that_lost_theirs() -> None:
    def lose(words: list[str], dice: random.Random) -> list[str]:
        return [word for word in words if not word.startswith(("QX", "ZV"))]

    mangler = Mangler(lose)
    assert await translated("Nothing. The bill is big.", GLOSSARY, mangler) == "Nothing. The fatura is big."
    assert mangler.calls[1:] == [["The ZV61 is big.", "The", "is big"]]


async def test_where_no_stand_in_survives_the_pieces_between_the_terms_are_translated() -> None:
    def flatten(words: list[str], dice: random.Random) -> list[str]:
        return [word.lower() for word in words if not re.search(r"\d", word)]

    mangler = Mangler(flatten)
    result = await translated("(The) BILL of the iPhone, Sir.", GLOSSARY, mangler)
    assert result == "(the) fatura of the iPhone, sir."
    assert len(mangler.calls) == 2


@pytest.mark.parametrize("glossary", [{str(number): f"<{number}>" for number in range(1_000, 1_200)}])
async def test_two_hundred_terms_in_one_sentence_come_out(glossary: dict[str, str]) -> None:
    mangler = Mangler(lambda words, dice: words)
    text = " and ".join(glossary)
    assert await translated(text, glossary, mangler) == " and ".join(glossary.values())
    assert len(mangler.calls) == 1


def asking(bergamot: Bergamot, source: str, target: str) -> Ask:
    async def ask(texts: list[str]) -> list[str]:
        requests = [TranslationRequest(text=text, source=source, target=target) for text in texts]
        answers = await bergamot.translate(requests)
        return [answer.text for answer in answers if isinstance(answer, TranslatedText)]

    return ask


async def replaced_afterwards(text: str, glossary: Mapping[str, str], ask: Ask) -> str:
    """Naive: the usual translation of each term is replaced in the translation of the text."""
    (result,) = await ask([text])
    for usual, target in zip(await ask(list(glossary)), glossary.values(), strict=True):
        result = replace(result, {usual: target})
    return result


async def replaced_before(text: str, glossary: Mapping[str, str], ask: Ask) -> str:
    """Naive: the target terms are put into the text."""
    (result,) = await ask([replace(text, glossary)])
    return result


AFTER, BEFORE = replaced_afterwards, replaced_before


@pytest.mark.parametrize(
    ("pair", "text", "glossary", "breaking", "translation"),
    [
        # The model has three words for it: "filial", "ramo", and what it makes of the word alone.
        ("en-pt", "Our branch will be closed on Monday because the old branch burned down.",
         {"branch": "agência"}, [AFTER],
         "Nossa agência será fechada na segunda-feira porque a antiga agência incendiada."),
        ("en-pt", "He has windows installed.", {"Windows": "Windows"}, [AFTER],
         "Ele tem o Windows instalado."),
        ("pt-en", "A ordem de serviço foi cancelada.", {"ordem de serviço": "work order"}, [AFTER],
         "The work order has been cancelled."),
        # Portuguese words make nonsense of an English sentence.
        ("en-pt", "The meeting room is on the third floor.", {"meeting room": "sala de reuniões"}, [BEFORE],
         "A sala de reuniões está no terceiro andar."),
        # A name is translated.
        ("pt-en", "O Banco Verde está fechado hoje.", {"Banco Verde": "Banco Verde"}, [BEFORE],
         "The Banco Verde is closed today."),
        # Here "bill" is "conta" and "invoice" is "fatura", which must not count as the term.
        ("en-pt", "The invoice and the bill arrived.", {"bill": "fatura"}, [AFTER],
         "A fatura e a fatura chegaram."),
        ("en-pt", "Ask the customer to sign the agreement.",
         {"customer": "segurado", "agreement": "contrato"}, [AFTER, BEFORE],
         "Peça ao segurado para assinar o contrato."),
        ("en-pt", "The driver crashed.", {"driver": "driver"}, [AFTER, BEFORE], "O driver caiu."),
        ("pt-en", "A saudade é uma palavra difícil.", {"saudade": "saudade"}, [AFTER, BEFORE],
         "The saudade is a difficult word."),
        ("en-pt", "Invoice number twelve is missing.", {"invoice": "fatura"}, [AFTER, BEFORE],
         "fatura número doze está faltando."),
    ],
)  # fmt: skip
async def test_real_models_keep_terms_where_the_naive_ways_lose_them(
    bergamot: Bergamot,
    pair: str,
    text: str,
    glossary: dict[str, str],
    breaking: list[Callable[..., Awaitable[str]]],
    translation: str,
) -> None:
    ask = asking(bergamot, *pair.split("-"))
    assert await translated(text, glossary, ask) == translation
    for naive in breaking:
        assert targets_in(await naive(text, glossary, ask), glossary) != targets_in(translation, glossary)


SPOKEN = {
    "en": ["the server crashed again and nobody knows why",
           "They didn't sign the contract because the lawyer found a mistake.",
           "Turn left at the bridge, then go straight ahead until you see the castle."],
    "pt": ["então basicamente toda a equipe mudou para o novo escritório no mês passado",
           "Se o pagamento falhar, o cliente recebe um e-mail com um link.",
           "Vire à esquerda na ponte e siga em frente até ver o castelo."],
}  # fmt: skip


@pytest.mark.parametrize(("source", "target"), [("en", "pt"), ("pt", "en")])
async def test_real_models_keep_any_words_of_a_sentence(bergamot: Bergamot, source: str, target: str) -> None:
    dice = random.Random(1)
    for text in SPOKEN[source]:
        for count in (1, 2, 3):
            words = dice.sample(sorted(set(re.findall(r"\b[^\W\d_]{4,}\b", text))), count)
            glossary = {word: f"{word.title()} {count}" for word in words}
            result = await translated(text, glossary, asking(bergamot, source, target))
            assert targets_in(result, glossary) == expected(find(text, glossary)), words
