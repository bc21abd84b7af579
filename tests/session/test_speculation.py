"""Work done in a pause before the endpoint is confirmed: used once, or dropped."""

import asyncio

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.fake_stages import FakeTts
from tests.support.session_events import assert_whole, of_kind
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    FailingFinalStt,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import silence


async def test_a_pause_prepares_everything_and_the_endpoint_only_releases_it() -> None:
    stt, translator, tts = CodedStt(), EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(stt, translator, tts))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 5) + silence(200))
        await wait_until(lambda: tts.requests)
        assert not of_kind(seen, events.Transcription)
        asked = (len(stt.requests), len(translator.requests), len(tts.requests))
        await speak(session, silence(800))
        await wait_until(lambda: of_kind(seen, events.Audio))
        assert (len(stt.requests), len(translator.requests), len(tts.requests)) == asked
        session.end()
    assert_whole(seen, SpokenScript([(5, 1_000)]))


@pytest.mark.parametrize("speculate", [True, False])
async def test_speech_that_falls_silent_is_left_to_the_speculation(speculate: bool) -> None:
    stt = CodedStt()
    streaming = StreamingSettings(speculate=speculate, partial_interval_ms=0)
    session = open_session(await pipeline_of(stt), streaming)
    async with running(session) as seen:
        session.configure(CLAUSES)
        session.feed(silence(500) + coded_words(0, 5) + silence(32))
        await wait_until(lambda: of_kind(seen, events.Speech))
        await asyncio.sleep(0.05)
        assert [request.interim for request in stt.requests] == ([] if speculate else [True])
        session.feed(silence(200))
        await wait_until(lambda: stt.requests)
        assert [request.interim for request in stt.requests][:1] == [not speculate]
        session.feed(silence(800))
        session.end()
    assert_whole(seen, SpokenScript([(5, 1_000)]))


async def test_when_speech_resumes_what_was_prepared_is_dropped() -> None:
    translator, tts = EchoTranslator(), FakeTts()
    tts.gate.clear()
    session = open_session(await pipeline_of(CodedStt(), translator, tts))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 5) + silence(200))
        await wait_until(lambda: tts.under_way)
        await speak(session, coded_words(5, 3))
        await wait_until(lambda: not tts.under_way)
        tts.gate.set()
        await speak(session, silence(1_000))
        session.end()
    assert tts.cancelled == 1
    assert_whole(seen, SpokenScript([(8, 1_000)]))


async def test_without_speculation_nothing_is_asked_before_the_endpoint() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt), StreamingSettings(speculate=False))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 5) + silence(400))
        await asyncio.sleep(0.05)
        assert not stt.requests
        await speak(session, silence(600))
        session.end()
    assert_whole(seen, SpokenScript([(5, 1_000)]))


@pytest.mark.parametrize("conversation", [CLAUSES, UTTERANCES])
async def test_recognition_that_fails_in_a_pause_is_tried_again_at_the_endpoint(conversation) -> None:  # type: ignore[no-untyped-def]
    session, script = (
        open_session(await pipeline_of(FailingFinalStt(1))),
        SpokenScript([(5, 1_000), (3, 1_000)]),
    )
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script)


async def test_a_pause_that_a_flush_or_the_end_confirms_is_not_recognised_again() -> None:
    stt, translator, tts = CodedStt(), EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(stt, translator, tts))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 3) + silence(200))
        await wait_until(lambda: tts.requests)
        session.flush()
        await speak(session, silence(500) + coded_words(3, 3) + silence(200))
        await wait_until(lambda: len(tts.requests) == 2)
        session.end()
    assert (len(stt.requests), len(translator.requests), len(tts.requests)) == (2, 2, 2)
    assert_whole(seen, SpokenScript([(6, 0)]))
