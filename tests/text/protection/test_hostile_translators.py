"""Whatever a translator does to a text, every value comes out once, and none that was not there."""

import random
import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sokuji.errors import ProviderFailed
from sokuji.text.protection.passage import TranslationTask
from sokuji.text.protection.translation import translate
from tests.support.hostile_translators import CHANGES, Change, Mangler

# What stands in an English text -> how it is written in Portuguese.
VALUES = {
    "1,220,295": "1.220.295", "3.5": "3,5", "$1,299.99": "$ 1.299,99", "€5": "€ 5", "-7": "-7", "12%": "12%",
    "14/04/2006": "14/04/2006", "2006-04-14": "2006-04-14", "12:30": "12:30",
    "278260495": "278260495", "0286 464 561": "0286 464 561", "192.168.0.1": "192.168.0.1",
    "COVID-19": "COVID-19", "{{name}}": "{{name}}", "{0}": "{0}", "%1$s": "%1$s", "${x}": "${x}",
    "<b>": "<b>", "#tag": "#tag", "@name": "@name", "😀": "😀", "½": "½", "x < 5": "x < 5",
    "5 × 3 = 15": "5 × 3 = 15", r"C:\temp\new.txt": r"C:\temp\new.txt", "/etc/hosts": "/etc/hosts",
    "https://example.com/a?b=1": "https://example.com/a?b=1", "a.b@example.com": "a.b@example.com",
    "田中": "田中", "mc²": "mc²", "`a b`": "`a b`", "&amp;": "&amp;",
}  # fmt: skip
WORDS = ["the", "red", "house", "of", "lovely", "friends,", "stands", "quietly"]


def values_in(text: str, values: list[str]) -> Counter[str]:
    """How often each value is in a text as a whole; longer ones count first."""
    found: Counter[str] = Counter()
    for value in sorted(set(values), key=len, reverse=True):
        begin = r"(?<![\w.,])" if re.match("[0-9a-zA-Z]", value) else ""
        end = r"(?!\w)" if re.search(r"[0-9a-zA-Z]\Z", value) else ""
        # A currency sign may stand with or without a space.
        pattern = begin + re.escape(value).replace(r"\ ", r"\ ?") + end
        found[value] = len(re.findall(pattern, text))
        text = re.sub(pattern, "|", text)
    found["other digits"] = len(re.findall(r"\d", text))
    return +found


def chained(changes: list[Change]) -> Change:
    def change(words: list[str], dice: random.Random) -> list[str]:
        for each in changes:
            words = each(words, dice)
        return words

    return change


@given(
    st.lists(st.sampled_from(sorted(VALUES)) | st.sampled_from(WORDS), min_size=1, max_size=12),
    st.lists(st.sampled_from(CHANGES), max_size=3),
    st.integers(),
    st.booleans(),
)
async def test_every_value_comes_out_once_and_no_other(
    parts: list[str], changes: list[Change], seed: int, by_sentence: bool
) -> None:
    text = "Quiet words: " + " and then ".join(parts)
    mangler = Mangler(chained(changes), seed)
    translation = await translate(TranslationTask(text, ("en", "pt"), by_sentence=by_sentence), mangler)
    wanted = [VALUES[part] for part in parts if part in VALUES]
    assert values_in(translation, wanted) == Counter(wanted)
    assert not re.search(r"QX|ZV", translation)
    assert len(mangler.calls) <= 2


@given(st.lists(st.sampled_from(["<b>", "</b>", "<i>", "</i>", "word", "5"]), max_size=10), st.integers())
async def test_tags_keep_their_order(parts: list[str], seed: int) -> None:
    text = "Here " + " you ".join(parts)
    tags = re.findall(r"</?\w>", text)
    for change in CHANGES:
        translation = await translate(TranslationTask(text, ("en", "pt")), Mangler(change, seed))
        assert re.findall(r"</?\w>", translation) == tags


@pytest.mark.parametrize("by_sentence", [True, False])
@pytest.mark.parametrize("text", ["One line.\nAnd 2.\r\n\r\nLast line", "a\nb\nc", "Mr. J.\nSmith said 3.\n"])
async def test_line_breaks_stay(text: str, by_sentence: bool) -> None:
    async def flatten(texts: list[str]) -> list[str]:
        return [" ".join(text.split()) for text in texts]

    task = TranslationTask(text, ("en", "pt"), by_sentence=by_sentence)
    assert re.findall(r"\s*[\r\n]\s*", await translate(task, flatten)) == re.findall(r"\s*[\r\n]\s*", text)


@pytest.mark.parametrize("text", ["Hello there.", "Hello there. 5 friends came.", "Oh, hello, you", "a"])
@pytest.mark.parametrize("answer", ["", " ", "...", "?!\n"])
async def test_an_empty_translation_of_words_is_an_error(text: str, answer: str) -> None:
    async def say_nothing(texts: list[str]) -> list[str]:
        return [answer] * len(texts)

    with pytest.raises(ProviderFailed):
        await translate(TranslationTask(text, ("en", "pt")), say_nothing)


async def test_an_empty_translation_is_asked_for_again() -> None:
    calls: list[list[str]] = []

    async def stutter(texts: list[str]) -> list[str]:
        calls.append(texts)
        return [""] if len(calls) == 1 else [text.upper() for text in texts]

    assert await translate(TranslationTask("Hello there", ("en", "pt")), stutter) == "HELLO THERE"
    assert len(calls) == 2


async def test_digits_are_not_invented_for_words_without_numbers() -> None:
    async def add_digits(texts: list[str]) -> list[str]:
        return [f"{text} (26260495)" for text in texts]

    for text in ("Hello there.", "I have 278,260 friends."):
        with pytest.raises(ProviderFailed):
            await translate(TranslationTask(text, ("en", "pt")), add_digits)


@pytest.mark.parametrize(
    ("text", "pair", "translation"),
    [
        ("Twenty people came in January.", ("en", "pt"), "20 pessoas vieram em janeiro."),
        ("Half past seven.", ("en", "pt"), "7:30."),
        ("O século XXI começou.", ("pt", "en"), "The 21st century began."),
        ("In a fortnight.", ("en", "pt"), "Em 15 dias."),
        ("Chegou em janeiro.", ("pt", "zh"), "1月到达。"),
    ],
)
async def test_number_words_may_become_digits(text: str, pair: tuple[str, str], translation: str) -> None:
    async def answer(texts: list[str]) -> list[str]:
        return [translation] * len(texts)

    assert await translate(TranslationTask(text, pair), answer) == translation


async def test_a_text_of_values_alone_needs_no_translator() -> None:
    mangler = Mangler(CHANGES[0])
    assert (
        await translate(TranslationTask("1,220,295 😀 $5.50", ("en", "pt")), mangler) == "1.220.295 😀 $ 5,50"
    )
    assert mangler.calls == []


@pytest.mark.parametrize(("term", "target"), [("Windows", "Janelas 11"), ("Windows 7", "Janelas 11")])
async def test_numbers_of_terms_that_the_translator_applies_itself_are_left_to_it(
    term: str, target: str
) -> None:
    async def apply(texts: list[str]) -> list[str]:
        return [text.replace(term, target) for text in texts]

    task = TranslationTask(f"I like {term}, 5 times.", ("en", "pt"), native_glossary={term: target})
    assert await translate(task, apply) == f"I like {target}, 5 times."


@given(
    st.text() | st.text("ab cd1.,:/<>{}%$€-+ \n\r😀田½#@_\\'\"&;!?。XIV0５२", max_size=60),
    st.sampled_from(["pt", "zh", "fr", "ar", "unknown"]),
    st.booleans(),
)
@example("0¼A", "unknown", False)
async def test_any_text_has_a_translation_where_the_translator_changes_nothing(
    text: str, target: str, by_sentence: bool
) -> None:
    task = TranslationTask(text, ("en", target), by_sentence=by_sentence)
    translation = await translate(task, Mangler(lambda words, dice: words))
    assert bool(translation.strip()) == bool(text.strip())


@pytest.mark.parametrize("added", ["", " 77"])
@pytest.mark.slow
async def test_a_text_of_many_values_is_checked_quickly(added: str) -> None:
    async def ask(texts: list[str]) -> list[str]:
        return [text + added for text in texts]

    # Comparing each value with all others would take minutes here, and the test's time limit is two.
    task = TranslationTask("a + " * 25_000, ("en", "pt"), by_sentence=False)
    assert (await translate(task, ask)).count("+") == 25_000
