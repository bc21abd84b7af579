"""A clause is translated as it continues its sentence, and alone where that contradicts what was said."""

import asyncio

import pytest

from sokuji.contract import TranslatedText
from sokuji.errors import ProviderFailed
from sokuji.session.clause import Clause
from sokuji.session.continued_sentence import ContinuedSentence
from tests.support.session_scenarios import PT_TO_EN


class Phrasebook:
    """Translates what it knows, and keeps what it was asked, with the context."""

    def __init__(self, **known: str) -> None:
        self.known = {source.replace("_", " "): target for source, target in known.items()}
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def translate(self, clause: Clause, text: str, context: tuple[str, ...]) -> TranslatedText:
        self.asked.append((text, context))
        if text not in self.known:
            raise ProviderFailed(text)
        return TranslatedText(text=self.known[text])


def clause(number: int, text: str, *context: str, segment_id: int = 0) -> Clause:
    return Clause(
        segment_id=segment_id, number=number, text=text, language="pt", conversation=PT_TO_EN, context=context
    )


async def spoken(book: Phrasebook, *clauses: Clause) -> list[str]:
    """All clauses, committed one after another."""
    sentence, said = ContinuedSentence("en", book.translate), []
    for each in clauses:
        sentence.expect(each)
        said.append((await sentence.translate(each)).text)
        await sentence.note(each, said[-1])
    return said


async def test_a_clause_is_what_its_sentence_adds() -> None:
    book = Phrasebook(
        se_chover="if it rains,", se_chover_ficamos="if it rains, we stay",
        se_chover_ficamos_em_casa="If it rains, we stay at home",
    )  # fmt: skip
    clauses = [
        clause(0, "se chover", "Bom dia."),
        clause(1, "ficamos", "Bom dia.", "se chover"),
        clause(2, "em casa", "Bom dia.", "se chover", "ficamos"),
    ]
    assert await spoken(book, *clauses) == ["if it rains,", "we stay", "at home"]
    # What is translated again is no context.
    assert book.asked[-1] == ("se chover ficamos em casa", ("Bom dia.",))


@pytest.mark.parametrize("whole", ["staying at home is what we do when there is rain", "if it rains", ""])
async def test_where_the_sentence_contradicts_what_was_said_the_clause_is_translated_alone(
    whole: str,
) -> None:
    book = Phrasebook(se_chover="if it rains", se_chover_ficamos=whole, ficamos="We stay")
    assert await spoken(book, clause(0, "se chover"), clause(1, "ficamos", "se chover")) == [
        "if it rains",
        "we stay",
    ]


async def test_another_sentence_and_another_segment_begin_anew() -> None:
    book = Phrasebook(**{"Sim.": "Yes.", "Ficamos": "We stay", "Logo": "Soon"})
    clauses = [clause(0, "Sim."), clause(1, "Ficamos", "Sim."), clause(0, "Logo", "Ficamos", segment_id=1)]
    assert await spoken(book, *clauses) == ["Yes.", "We stay", "Soon"]


async def test_a_clause_behind_one_without_translation_stands_alone() -> None:
    book = Phrasebook(se_chover="if it rains", ficamos="We stay")
    sentence = ContinuedSentence("en", book.translate)
    before, behind = clause(0, "se chover"), clause(1, "ficamos", "se chover")
    sentence.expect(before)
    early = asyncio.create_task(sentence.translate(behind))
    await asyncio.sleep(0)
    assert not book.asked
    await sentence.note(before, "")
    assert (await early).text == "we stay"


async def test_a_clause_that_may_yet_be_committed_can_be_dropped_while_it_waits() -> None:
    book = Phrasebook(se_chover="if it rains", se_chover_ficamos="if it rains we stay")
    sentence = ContinuedSentence("en", book.translate)
    before, behind = clause(0, "se chover"), clause(1, "ficamos", "se chover")
    sentence.expect(before)
    early = asyncio.create_task(sentence.translate(behind))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    await sentence.note(before, "if it rains")
    assert (await sentence.translate(behind)).text == "we stay"


async def grown(book: Phrasebook, *texts: str) -> tuple[ContinuedSentence, list[tuple[str, str]]]:
    """A first clause as it grows: what is shown of it, and what may change."""
    sentence, shown = ContinuedSentence("en", book.translate), []
    for text in texts:
        growing = await sentence.preview(clause(0, text))
        assert growing is not None
        shown.append((growing.text[: growing.stable_chars], growing.text[growing.stable_chars :].strip()))
    return sentence, shown


async def test_words_on_which_two_translations_agree_are_shown() -> None:
    book = Phrasebook(
        se="if", se_chover="if it rains", se_chover_ficamos="if it rains we",
        se_chover_ficamos_em="if it rains we stay",
    )  # fmt: skip
    _, shown = await grown(book, "se", "se chover", "se chover ficamos", "se chover ficamos em")
    assert shown == [("", "if"), ("if", "it rains"), ("if it", "rains we"), ("if it rains", "we stay")]


@pytest.mark.parametrize(
    ("whole", "complete"),
    [
        ("if it rains today,", "if it rains today,"),
        ("If it rains", "if it rains"),
        # Words of what follows have been shown already.
        ("if it", "if it rains"),
        # Worded anew, it goes on behind the words shown.
        ("When it rains we stay", "if it rains we stay"),
        # To say something twice is better than to leave it out.
        ("we would rather remain at home", "if it rains we would rather remain at home"),
    ],
)
async def test_the_translation_of_a_clause_begins_with_what_was_shown(whole: str, complete: str) -> None:
    book = Phrasebook(se_chover="if it rains now then", se_chover_hoje="if it rains today then", chove=whole)
    sentence, _ = await grown(book, "se chover", "se chover hoje")
    ended = clause(0, "chove")
    sentence.expect(ended)
    assert (await sentence.translate(ended)).text == complete


async def test_a_version_that_contradicts_the_words_shown_shows_no_more() -> None:
    versions = {
        "além": "In addition, the young",
        "além disso": "In addition, the young ones",
        "além disso as": "Also, small children like to turn",
        "além disso as crianças": "Also, small children like to turn",
        "além disso as crianças de": "In addition, the young ones like to turn pages",
        "além disso as crianças do": "In addition, the young ones like to turn the pages",
    }
    _, shown = await grown(Phrasebook(**versions), *versions)
    assert [stable for stable, _ in shown] == [
        "",
        *["In addition, the"] * 3,
        "In addition, the young ones",
        "In addition, the young ones like to turn",
    ]


async def test_words_shown_of_the_next_clause_are_not_said_again() -> None:
    book = Phrasebook(
        se_chover_ficamos="if it rains we stay", se_chover_ficamos_em="if it rains we stay at home",
        se_chover="if it rains",
    )  # fmt: skip
    sentence, _ = await grown(book, "se chover ficamos", "se chover ficamos em")
    said = []
    for each in (clause(0, "se chover"), clause(1, "ficamos", "se chover")):
        sentence.expect(each)
        said.append((await sentence.translate(each)).text)
        await sentence.note(each, said[-1])
    assert said == ["if it rains we stay", ""]
