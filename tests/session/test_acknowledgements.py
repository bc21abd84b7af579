"""What is acknowledged and when, and that a conversation resumes from its last acknowledgement."""

import asyncio

import pytest

from sokuji import events
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.fake_stages import FakeStt, ready_pipeline
from tests.support.session_events import finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
    translate_speech,
    utterances,
    wait_until,
)
from tests.support.speech import silence


async def test_acks_grow_and_cover_every_utterance_only_after_its_voice() -> None:
    seen = await translate_speech(await ready_pipeline(), utterances(3) + silence(5_000))
    acks = [event.through_ms for event in of_kind(seen, events.Ack)]
    assert acks == sorted(set(acks))
    for spoken in of_kind(seen, events.Transcription):
        last_audio = max(
            index
            for index, event in enumerate(seen)
            if isinstance(event, events.Audio) and event.segment_id == spoken.segment_id
        )
        covering = next(
            index
            for index, event in enumerate(seen)
            if isinstance(event, events.Ack) and event.through_ms >= spoken.end_ms
        )
        assert last_audio < covering


async def test_silence_is_acknowledged_although_nobody_speaks() -> None:
    seen = await translate_speech(await ready_pipeline(), silence(10_000))
    assert len(of_kind(seen, events.Ack)) >= 3
    assert of_kind(seen, events.Ack)[-1].through_ms == 10_000
    assert not of_kind(seen, events.Transcription)


async def test_an_utterance_without_words_gives_no_caption_but_is_acknowledged() -> None:
    seen = await translate_speech(await ready_pipeline(FakeStt("", "words")), utterances(2))
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["words"]
    assert len(of_kind(seen, events.Ack)) >= 2


@pytest.mark.parametrize("cut_ms", range(700, 6_700, 500))
async def test_a_conversation_resumed_from_its_last_ack_is_whole(cut_ms: int) -> None:
    script = SpokenScript([(7, 1_000), (9, 1_000)])
    first = open_session(await pipeline_of(CodedStt()))
    run, seen = asyncio.create_task(first.run()), list[events.Event]()

    async def collect() -> None:
        seen.extend([event async for event in first.events()])

    reading = asyncio.create_task(collect())
    first.configure(CLAUSES)
    await speak(first, script.pcm[: 32 * cut_ms])
    run.cancel()
    reading.cancel()
    await asyncio.gather(run, reading, return_exceptions=True)
    ack = next((event for event in reversed(seen) if isinstance(event, events.Ack)), events.Ack(0))
    second = open_session(await pipeline_of(CodedStt()), begin_ms=ack.through_ms, resumed_text=ack.text)
    async with running(second) as again:
        second.configure(CLAUSES)
        await speak(second, script.pcm[32 * ack.through_ms :])
        second.end()
    before = [event for event in finals(seen) if event.end_ms <= ack.through_ms]
    assert " ".join(event.text for event in [*before, *finals(again)]).split() == script.words
    words = len(" ".join(event.text for event in before).split()) + len(ack.text.split())
    assert " ".join(translations(again, "en")).split() == script.words[words:]
    assert {event.segment_id for event in finals(again)}.isdisjoint(event.segment_id for event in before)
    assert finals(again)[-1].end_ms > len(script.pcm) // 32 - 1_000


async def test_a_resumed_connection_counts_its_own_clauses() -> None:
    session = open_session(await pipeline_of(CodedStt()), resumed_text="Worda wordb wordc wordd,")
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 12))
        await wait_until(lambda: any(ack.text.endswith("wordh,") for ack in of_kind(seen, events.Ack)))
        session.end()
    for ack in of_kind(seen, events.Ack):
        if ack.text:
            here = [
                event.text for event in of_kind(seen, events.TranslationText) if event.clause < ack.clauses
            ]
            assert ack.text.split() == SpokenScript([(4, 0)]).words + " ".join(here).split()


async def test_a_resumed_segment_of_which_all_was_delivered_still_ends() -> None:
    session = open_session(await pipeline_of(CodedStt()), resumed_text="Worda wordb")
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 2) + silence(1_000))
        session.end()
    (translation,) = of_kind(seen, events.TranslationText)
    assert (translation.text, translation.is_final) == ("", True)
