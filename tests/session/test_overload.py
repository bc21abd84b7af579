"""A session that is behind, and one that runs for an hour: bounded lag, nothing lost, no growth."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.config import GatewaySettings, Limits, StreamingSettings
from sokuji.contract import StageRequest
from sokuji.session.session import Session
from tests.support.coded_speech import CodedStt, LevelVoiceActivity, coded_words, spelled
from tests.support.fake_stages import FakeTts, ready_pipeline
from tests.support.session_events import assert_append_only, assert_whole, finals, of_kind
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    PT_TO_EN,
    UTTERANCES,
    EchoTranslator,
    SlowVoiceActivity,
    SpokenScript,
    open_real_speech_session,
    open_session,
    pipeline_of,
    running,
    speak,
    utterances,
    wait_until,
)
from tests.support.speech import silence


@pytest.mark.slow
async def test_a_client_that_never_reads_is_held_back() -> None:
    tts = FakeTts(*[100] * 30)
    session = open_real_speech_session(await ready_pipeline(tts=tts), max_waiting_bytes=2**20)
    run = asyncio.create_task(session.run())
    session.configure(PT_TO_EN)
    session.feed(utterances(30))
    for _ in range(40):
        await asyncio.sleep(0.02)
    assert len(tts.requests) < 5
    await session.hold_back()
    for _ in range(20):
        session.feed(utterances(5))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.hold_back(), 0.5)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def test_lag_counts_what_waits_for_the_recogniser() -> None:
    stt = CodedStt(delay_s=0.3)
    session = open_session(await pipeline_of(stt), StreamingSettings(speculate=False))
    async with running(session):
        session.configure(UTTERANCES)
        session._input._began -= 60  # as if the audio had come as it was spoken
        await speak(session, silence(500) + coded_words(0, 3) + silence(600))
        await wait_until(lambda: stt.under_way)
        await asyncio.sleep(0.2)
        assert session.lag_ms >= 100
        session.end()


async def test_lag_counts_audio_that_is_not_processed_yet() -> None:
    session = open_session(await pipeline_of(CodedStt()), vad=SlowVoiceActivity())
    async with running(session):
        session.configure(UTTERANCES)
        session._input._began -= 60  # as if the audio had come as it was spoken
        for _ in range(100):
            session.feed(silence(100))
        await asyncio.sleep(0.05)
        assert session.lag_ms > 5_000
        session.end()


@pytest.mark.slow
async def test_voices_that_come_too_late_are_left_out_and_come_back_while_every_word_is_translated() -> None:
    tts = FakeTts()
    session = open_session(
        await pipeline_of(CodedStt(), tts=tts), StreamingSettings(speculate=False, max_voice_lag_s=1)
    )
    script = SpokenScript([(2, 600)] * 3)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        session._input._began -= 60  # as if the audio had come as it was spoken
        tts.gate.clear()
        await speak(session, script.pcm)
        await wait_until(lambda: len(of_kind(seen, events.TranslationText)) == 3)
        await asyncio.sleep(1.1)  # longer than a voice may be late
        tts.gate.set()
        await wait_until(lambda: len(of_kind(seen, events.Failed)) == 2)
        first_late = of_kind(seen, events.Status)[-1]
        # How late the next one is depends on the machine.
        while not any(each.segment_id >= 3 for each in of_kind(seen, events.Audio)):
            await speak(session, coded_words(6, 2) + silence(600))
            await asyncio.sleep(1.2)  # at the pace of speech
        session.end()
    assert {each.error.code for each in of_kind(seen, events.Failed)} == {"voice_left_out"}
    assert [each.segment_id for each in of_kind(seen, events.Failed)][:2] == [1, 2]
    assert {each.segment_id for each in of_kind(seen, events.Audio)}.isdisjoint({1, 2})
    words = " ".join(each.text for each in of_kind(seen, events.TranslationText)).split()
    assert words[:6] == script.words
    assert (first_late.voice_left_out, of_kind(seen, events.Status)[-1].voice_left_out) == (True, False)
    assert isinstance(seen[-1], events.Done)


async def test_all_work_for_a_file_gives_way_to_that_for_live_speech() -> None:
    stt, translator, tts = CodedStt(), EchoTranslator(), FakeTts()
    activity = SpeechActivity()
    session = open_session(await pipeline_of(stt, translator, tts), activity=activity)
    async with running(session):
        session.configure(UTTERANCES)
        await speak(session, SpokenScript([(30, 700)] * 4).pcm, sizes=(320_000,))
        session.end()
    requests: list[StageRequest] = [*stt.requests, *translator.requests, *tts.requests]
    assert len(requests) >= 12
    assert {(request.caller, request.urgent) for request in requests} == {(session.session_id, False)}
    # What it says is nothing that urgent work has been done for.
    assert not activity.was_heard


async def test_work_for_a_speaker_is_urgent_and_is_that_of_the_session() -> None:
    stt, translator, tts = CodedStt(), EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(stt, translator, tts), StreamingSettings(speculate=False))
    async with running(session):
        session.configure(UTTERANCES)
        await speak(session, SpokenScript([(3, 700)]).pcm)
        session.end()
    requests: list[StageRequest] = [stt.requests[-1], *translator.requests, *tts.requests]
    assert len(requests) >= 3
    assert {(request.caller, request.urgent) for request in requests} == {(session.session_id, True)}


HOUR = 60
"""Minutes."""


WORDS_OF_A_MINUTE = 150


@pytest.mark.slow
async def test_when_recognition_is_too_slow_extras_stop_and_committed_speech_is_kept() -> None:
    stt, script = CodedStt(), SpokenScript([(10, 700)] * 12)
    settings = StreamingSettings(partial_interval_ms=50, max_recognition_s=0.3)
    session = open_session(await pipeline_of(stt), settings)
    async with running(session) as seen:
        session.configure(CLAUSES)
        third = len(script.pcm) // 6 * 2
        await speak(session, script.pcm[:third], rest_s=0.004)
        calm = len(stt.requests)
        stt.delay_s = 0.5
        tracemalloc.start()
        await speak(session, script.pcm[third:], rest_s=0.004)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        session.end()
    assert_whole(seen, script)
    assert_append_only(seen)
    states = [event.load for event in of_kind(seen, events.Status)]
    assert "speculation_off" in states
    # What is held is the speech that waits, and what the fakes remember of it.
    assert held < 6 * len(script.pcm)
    overloaded = stt.requests[calm:]
    # Twice as much speech as before, and hardly more than its final recognitions are left.
    assert sum(request.interim for request in overloaded) < calm
    assert len(overloaded) <= 3 * len(finals(seen))


@pytest.mark.slow
async def test_load_that_goes_away_is_reported_and_speculation_returns() -> None:
    stt = CodedStt(delay_s=0.3)
    session = open_session(
        await pipeline_of(stt), StreamingSettings(partial_interval_ms=50, max_recognition_s=0.1)
    )
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, SpokenScript([(6, 700)] * 2).pcm)
        async with asyncio.timeout(10):
            while not any(event.load == "speculation_off" for event in of_kind(seen, events.Status)):
                await asyncio.sleep(0.01)
        stt.delay_s = 0
        for _ in range(12):
            await speak(session, coded_words(0, 6) + silence(700), rest_s=0.002)
        session.end()
    assert of_kind(seen, events.Status)[-1].load != "speculation_off"


@pytest.mark.slow
async def test_an_hour_of_speech_grows_neither_memory_nor_queues_nor_cost() -> None:
    stt, translator, tts = CodedStt(), EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(stt, translator, tts), StreamingSettings(partial_interval_ms=10))
    heard: list[str] = []
    recognised_ms: list[float] = []
    grown: list[int] = []

    acked_ms = 0

    async def read() -> None:
        nonlocal acked_ms
        async for event in session.events():
            if isinstance(event, events.Transcription) and event.is_final:
                heard.extend(event.text.split())
            elif isinstance(event, events.Ack):
                acked_ms = event.through_ms

    async def listen(minute: int) -> None:
        """A minute of speech, never more than half of one ahead of what has been delivered."""
        sound = coded_words(minute % 10 * WORDS_OF_A_MINUTE, WORDS_OF_A_MINUTE) + silence(12_000)
        for second in range(60):
            session.feed(sound[32_000 * second : 32_000 * (second + 1)])
            while 60_000 * minute + 1_000 * second - acked_ms > 30_000:
                await asyncio.sleep(0.001)

    async with asyncio.timeout(110), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        tasks.create_task(read())
        session.configure(CLAUSES)
        for minute in range(HOUR):
            await listen(minute)
            recognised_ms.append(sum(len(request.pcm) for request in stt.requests) / 32)
            stt.requests.clear()
            tts.forget()
            translator.forget()
            if minute % 5 == 4:
                gc.collect()
                grown.append(len(gc.get_objects()))
        session.end()
    minutes = [minute % 10 * WORDS_OF_A_MINUTE for minute in range(HOUR)]
    assert heard == [spelled(first + number) for first in minutes for number in range(WORDS_OF_A_MINUTE)]
    # How often it is recognised depends on the machine; what grows with the hour would be six times as much.
    assert sum(recognised_ms[-10:]) <= 2 * sum(recognised_ms[1:11])
    assert max(grown[-3:]) <= 1.02 * max(grown[1:4])


@pytest.mark.parametrize("max_backlog_s", [1, 6, 12])
async def test_an_utterance_that_is_translated_as_a_whole_does_not_wait_for_itself(
    max_backlog_s: float,
) -> None:
    """Its clauses, translated by the recogniser, are delivered at its end, which only more audio brings."""
    translator = EchoTranslator()
    translator.info = replace(translator.info, pairs=(("en", "es"),))
    limits = Limits(max_backlog_s=max_backlog_s)
    session = Session(
        await pipeline_of(CodedStt(), translator),
        GatewaySettings(streaming=EAGER, limits=limits),
        "test",
        vad=LevelVoiceActivity(),
    )
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 30) + silence(1_000))
        session.end()
    assert " ".join(each.text for each in finals(seen)).split() == SpokenScript([(30, 0)]).words
    assert isinstance(seen[-1], events.Done)
