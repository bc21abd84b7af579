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
