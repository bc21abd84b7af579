"""Commands of the client and of the service: settings, flush, cancel and drain."""

import asyncio
import time

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.errors import InvalidRequest, Overloaded
from sokuji.session.conversation import ConversationSettings
from sokuji.session.input import SessionTooLong
from sokuji.session.input_queue import MAX_SETTINGS
from tests.support.coded_speech import WORD_MS, CodedStt, coded_words
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.session_events import finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    FRAME_BYTES,
    PT_TO_EN,
    UTTERANCES,
    SlowVoiceActivity,
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
from tests.support.speech import sample, silence


async def test_cancel_stops_the_voice_and_keeps_the_captions() -> None:
    tts = FakeTts(50)
    tts.gate.clear()
    session = open_real_speech_session(await ready_pipeline(tts=tts))
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(2))
        async with asyncio.timeout(10):
            while len(of_kind(seen, events.TranslationText)) < 2:
                await asyncio.sleep(0.01)
            await tts.arrived.get()
        session.cancel()
        tts.gate.set()
        session.feed(utterances(1))
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {2}
    assert len(of_kind(seen, events.Transcription)) == 3
    assert tts.cancelled == 1
    assert tts.under_way == 0


async def test_cancel_covers_what_was_sent_before_it_and_nothing_after() -> None:
    session = open_real_speech_session(await ready_pipeline())
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(1))
        session.cancel()
        session.feed(utterances(1))
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {1}
    assert len(of_kind(seen, events.Transcription)) == 2


async def test_cancel_covers_audio_that_still_waits() -> None:
    session = open_session(await pipeline_of(CodedStt()), vad=SlowVoiceActivity())
    before, after = SpokenScript([(3, 600)] * 10), coded_words(30, 3) + silence(600)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        for start in range(0, len(before.pcm), FRAME_BYTES):
            session.feed(before.pcm[start : start + FRAME_BYTES])
        session.cancel()
        session.feed(after)
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {10}
    assert len(finals(seen)) == 11


async def test_a_second_cancel_covers_what_was_sent_between_the_two() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        for first in (0, 3):
            session.feed(coded_words(first, 3) + silence(600))
            session.cancel()
        session.feed(coded_words(6, 3) + silence(600))
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {2}


async def test_flush_ends_the_utterance_at_once() -> None:
    session = open_real_speech_session(await ready_pipeline())
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(silence(300) + sample("pt", "ola_mundo")[: 2 * 14_000])
        session.flush()
        async with asyncio.timeout(10):
            while not of_kind(seen, events.Transcription):
                await asyncio.sleep(0.01)
        session.end()
    assert len(of_kind(seen, events.Transcription)) == 1


async def test_a_second_config_holds_from_the_next_utterance_on() -> None:
    stt, tts = FakeStt(), FakeTts()
    session = open_real_speech_session(await ready_pipeline(stt, tts=tts))
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(1))
        session.configure(ConversationSettings(source_language="en", target_languages=("pt",)))
        session.feed(utterances(1))
        session.end()
    assert [event.target_language for event in of_kind(seen, events.TranslationText)] == ["en", "pt"]
    assert [request.language for request in stt.requests] == ["pt", "en"]
    assert [request.voice for request in tts.requests] == ["joe", "dora"]
    assert len(of_kind(seen, events.Ready)) == 2


async def test_stereo_at_48_khz_is_recognised_like_mono_at_16_khz() -> None:
    stt = FakeStt()
    conversation = ConversationSettings(
        source_language="pt", target_languages=("en",), input_sample_rate=48_000, channels=2
    )
    mono = utterances(2)
    stretched = b"".join(mono[index : index + 2] * 6 for index in range(0, len(mono), 2))
    session = open_real_speech_session(await ready_pipeline(stt))
    async with running(session) as seen:
        session.configure(conversation)
        for start in range(0, len(stretched), 6 * FRAME_BYTES):
            session.feed(stretched[start : start + 6 * FRAME_BYTES])
        session.end()
    plain = await translate_speech(await ready_pipeline(), mono)
    starts = [event.start_ms for event in of_kind(seen, events.Transcription)]
    wanted = [event.start_ms for event in of_kind(plain, events.Transcription)]
    assert starts == pytest.approx(wanted, abs=64)


async def test_the_requested_output_rate_is_honoured() -> None:
    conversation = ConversationSettings(
        source_language="pt", target_languages=("en",), output_sample_rate=8_000
    )
    seen = await translate_speech(await ready_pipeline(), utterances(1), conversation)
    heard = of_kind(seen, events.Audio)
    assert {event.sample_rate for event in heard} == {8_000}
    seconds = sum(len(event.pcm) for event in heard) / 2 / 8_000
    assert seconds == pytest.approx(0.2, abs=0.001)


async def test_bad_audio_is_refused_by_name_and_not_taken() -> None:
    session = open_real_speech_session(await ready_pipeline(), max_session_s=20)
    with pytest.raises(InvalidRequest, match="before config"):
        session.feed(bytes(2))
    session.configure(PT_TO_EN)
    session.feed(silence(11_000))
    with pytest.raises(SessionTooLong, match="20 s"):
        session.feed(silence(12_000))
    session.end()
    with pytest.raises(InvalidRequest, match="after end"):
        session.feed(bytes(2))
    with pytest.raises(InvalidRequest, match="after end"):
        session.configure(PT_TO_EN)


async def test_a_flood_of_commands_is_bounded() -> None:
    session = open_real_speech_session(await ready_pipeline())
    session.configure(PT_TO_EN)
    with pytest.raises(Overloaded, match="commands and settings wait"):
        for _ in range(50_000):
            session.flush()


async def test_a_flood_of_settings_is_refused_and_those_accepted_come_into_force() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    with pytest.raises(Overloaded, match="configs wait"):
        for _ in range(20_000):
            session.configure(CLAUSES)
    async with running(session) as seen:
        session.close()
    assert len(of_kind(seen, events.Ready)) == MAX_SETTINGS


async def test_cancel_mutes_the_clauses_committed_so_far_and_the_rest_is_spoken() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_session(await pipeline_of(CodedStt(), tts=tts))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 7))
        await wait_until(lambda: translations(seen, "en"))
        session.cancel()
        tts.gate.set()
        await speak(session, coded_words(7, 4) + silence(1_000))
        session.end()
    spoken = {event.clause for event in of_kind(seen, events.Audio)}
    assert 0 not in spoken
    assert spoken
    assert " ".join(translations(seen, "en")).split() == SpokenScript([(11, 0)]).words
    assert tts.under_way == 0


async def test_a_drained_session_finishes_the_utterance_in_progress_and_acknowledges_it() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 6))
        session.drain()
        await wait_until(lambda: of_kind(seen, events.Draining))
        await speak(session, coded_words(6, 2) + silence(1_000) + coded_words(8, 4))
    assert session.drained
    assert not of_kind(seen, events.Done)
    assert [event.text.split() for event in finals(seen)] == [SpokenScript([(8, 0)]).words]
    assert finals(seen)[0].end_ms <= of_kind(seen, events.Ack)[-1].through_ms <= 500 + 8 * WORD_MS + 1_000


async def test_an_idle_session_drains_at_once_and_one_that_never_pauses_in_time() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session):
        session.configure(CLAUSES)
        await speak(session, silence(3_000))
        session.drain()
    session = open_session(
        await pipeline_of(CodedStt()), StreamingSettings(drain_s=0.1, partial_interval_ms=0)
    )
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 20))
        session.drain()
        await speak(session, coded_words(20, 10), rest_s=0.02)
    said = " ".join(translations(seen, "en")).split()
    words = SpokenScript([(30, 0)]).words
    assert len(said) >= 20
    assert said[:-1] == words[: len(said) - 1]
    last = words[len(said) - 1]
    # The word in which the session was cut off may be incomplete.
    assert said[-1] in (last, last.replace("word", "part"))
    assert of_kind(seen, events.Ack)[-1].through_ms == finals(seen)[-1].end_ms


@pytest.mark.slow
async def test_a_flooded_session_can_still_be_drained() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    session.configure(CLAUSES)
    with pytest.raises(Overloaded):
        while True:
            session.flush()
    session.drain()
    async with running(session):
        pass
    assert session.drained


async def test_a_drained_session_ends_with_the_utterance_although_the_client_sends_no_more() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    began = time.monotonic()
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 3))
        await wait_until(lambda: of_kind(seen, events.Speech))
        session.drain()
        session.flush()
    assert session.drained
    assert len(finals(seen)) == 1
    assert time.monotonic() - began < EAGER.drain_s / 2
