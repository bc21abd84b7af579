"""Stages that fail or are slow, and clients that leave: nothing is lost unseen or left running."""

import asyncio
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import Deadlines
from sokuji.errors import ProviderFailed, ProviderUnavailable
from sokuji.session.output import MAX_QUEUED_EVENTS
from tests.support.coded_speech import WORD_MS, CodedStt, coded_words, spelled
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.session_events import finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    PT_TO_EN,
    UTTERANCES,
    DeafFinalStt,
    EchoTranslator,
    FailingFinalStt,
    SpokenScript,
    open_real_speech_session,
    open_session,
    pipeline_of,
    running,
    speak,
    translate_speech,
    utterances,
    wait_until,
)
from tests.support.speech import silence


async def test_a_failing_utterance_is_reported_and_the_next_ones_are_served() -> None:
    stt = FakeStt("first", ProviderFailed("broken"), "third")
    translator = FakeTranslator("one", ProviderFailed("broken"))
    seen = await translate_speech(await ready_pipeline(stt, translator), utterances(3))
    failures = of_kind(seen, events.Failed)
    assert [(failure.segment_id, failure.fatal) for failure in failures] == [(1, False), (2, False)]
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["first", "third"]
    assert of_kind(seen, events.Ack)[-1].through_ms > of_kind(seen, events.Transcription)[-1].start_ms


async def test_speech_without_recognised_words_is_reported_with_its_segment() -> None:
    seen = await translate_speech(await ready_pipeline(FakeStt("first", "", "third")), utterances(3))
    (failure,) = of_kind(seen, events.Failed)
    assert (failure.error.code, failure.segment_id, failure.fatal) == ("not_recognised", 1, False)
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["first", "third"]


async def test_words_that_were_recognised_while_they_were_spoken_stay_if_the_end_finds_none() -> None:
    session = open_session(await pipeline_of(DeafFinalStt()))
    async with running(session) as seen:
        session.configure(CLAUSES)
        for number in range(24):
            if not translations(seen, "en"):
                await speak(session, coded_words(number, 1), rest_s=0.005)
        await speak(session, silence(1_000))
        session.end()
    assert not of_kind(seen, events.Failed)
    words = " ".join(each.text for each in finals(seen)).split()
    assert words
    assert words == SpokenScript([(24, 0)]).words[: len(words)]
    assert " ".join(translations(seen, "en")).split() == words


async def test_speech_without_recognised_words_is_recognised_once_if_a_pause_foresaw_its_end() -> None:
    stt = FakeStt("")
    session = open_session(await ready_pipeline(stt))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, SpokenScript([(4, 1_000)]).pcm)
        await wait_until(lambda: of_kind(seen, events.Failed))
        session.end()
    (failure,) = of_kind(seen, events.Failed)
    assert (failure.error.code, failure.segment_id) == ("not_recognised", 0)
    assert len(stt.requests) == 1


async def test_a_lost_replica_costs_a_retry_and_no_utterance() -> None:
    stt = FakeStt(ProviderUnavailable("gone"), "first", "second")
    translator = FakeTranslator(ProviderUnavailable("gone"), ProviderUnavailable("gone"), "one", "two")
    tts = FakeTts(ProviderUnavailable("gone"))
    seen = await translate_speech(await ready_pipeline(stt, translator, tts), utterances(2))
    assert [event.text for event in of_kind(seen, events.TranslationText)] == ["one", "two"]
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == [0, 1]
    assert not of_kind(seen, events.Failed)


async def test_a_machine_too_slow_for_the_deadline_delays_utterances_and_drops_none() -> None:
    stt = FakeStt("late", "late", "late", "first", "second", delay_s=0.3)
    pipeline = await ready_pipeline(stt, deadlines=Deadlines(stt_s=0.2))
    session = open_real_speech_session(pipeline)
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(2))
        session.end()
        async with asyncio.timeout(10):
            while len(stt.requests) < 3:
                await asyncio.sleep(0.01)
        stt.delay_s = 0
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["first", "second"]
    assert not of_kind(seen, events.Failed)


async def test_a_client_that_vanishes_leaves_nothing_running() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_real_speech_session(await ready_pipeline(tts=tts))
    before = len(asyncio.all_tasks())
    run = asyncio.create_task(session.run())
    session.configure(PT_TO_EN)
    session.feed(utterances(2))
    async with asyncio.timeout(10):
        while not tts.requests:
            await asyncio.sleep(0.01)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert tts.under_way == 0
    assert len(asyncio.all_tasks()) == before


async def test_a_segment_whose_recognition_fails_keeps_its_stable_words_and_is_reported_once() -> None:
    session = open_session(await pipeline_of(FailingFinalStt(2)))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 9))
        await wait_until(lambda: translations(seen, "en"))
        await speak(session, silence(1_000))
        session.end()
    assert [event.error.code for event in of_kind(seen, events.Failed)] == ["provider_failed"]
    (caption,) = finals(seen)
    said = caption.text.split()
    assert " ".join(translations(seen, "en")).split() == said
    assert [word.strip(",.") for word in said] == [spelled(number).strip(",.") for number in range(len(said))]
    assert of_kind(seen, events.TranslationText)[-1].is_final
    assert of_kind(seen, events.Ack)[-1].through_ms == 500 + 9 * WORD_MS + 1_000


@pytest.mark.parametrize("cut", range(0, 60, 3))
async def test_whenever_a_client_leaves_nothing_is_left_running(cut: int) -> None:
    stt, translator, tts = CodedStt(delay_s=0.002), EchoTranslator(delay_s=0.002), FakeTts(delay_s=0.004)
    session = open_session(await pipeline_of(stt, translator, tts))
    before = asyncio.all_tasks()
    run = asyncio.create_task(session.run())
    session.configure(
        replace(CLAUSES, target_languages=("en", "es"), commit="clause" if cut % 2 else "utterance")
    )
    pcm = SpokenScript([(5, 300), (6, 700), (5, 700)]).pcm
    await speak(session, pcm[: len(pcm) // 60 * cut])
    await asyncio.sleep(0.0007 * (cut % 5))
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert asyncio.all_tasks() == before
    assert stt.under_way == translator.under_way == tts.under_way == 0


async def test_a_client_that_stops_reading_and_leaves_in_a_pause_leaves_nothing_running() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_session(await pipeline_of(CodedStt(), tts=tts))
    before = asyncio.all_tasks()
    run = asyncio.create_task(session.run())
    session.configure(UTTERANCES)
    await speak(session, silence(500) + coded_words(0, 5) + silence(200))
    await wait_until(lambda: tts.under_way)
    for _ in range(MAX_QUEUED_EVENTS - 3):
        await session.report(ProviderFailed("fills the queue"))
    await speak(session, silence(1_000))
    await asyncio.sleep(0.05)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert asyncio.all_tasks() == before
    assert tts.under_way == 0


async def test_a_translation_that_no_voice_reads_is_a_caption_and_an_error_of_its_segment() -> None:
    seen = await translate_speech(
        await ready_pipeline(FakeStt("um", "dois"), FakeTranslator("你好世界", "two")), utterances(2)
    )
    assert [event.text for event in of_kind(seen, events.TranslationText)] == ["你好世界", "two"]
    (failure,) = of_kind(seen, events.Failed)
    assert (failure.segment_id, failure.fatal, failure.error.code) == (0, False, "no_voice")
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {1}
