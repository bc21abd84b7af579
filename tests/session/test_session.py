"""The session over scripted stages and real speech: order, completeness, commands, faults, limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import pytest

from sokuji import events
from sokuji.config import Deadlines, GatewaySettings, Limits, StreamingSettings
from sokuji.errors import (
    InvalidAudio,
    InvalidRequest,
    NotSupported,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    UnknownVoice,
    UnsupportedLanguage,
)
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.input import SessionTooLong
from sokuji.session.session import Session
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.speech import noise, sample, silence

PT_TO_EN = ConversationSettings(source_language="pt", target_languages=("en",))
E = TypeVar("E")
FRAME_BYTES = 2 * 1_280
"""80 ms at 16 kHz."""


def utterances(count: int) -> bytes:
    """So many utterances of real speech, each followed by a second of near-silence."""
    spoken = sample("pt", "ola_mundo")
    return silence(300) + b"".join(spoken + noise(1_000, seed=index) for index in range(count))


def open_session(pipeline: Pipeline, **limits: float) -> Session:
    streaming = StreamingSettings(commit="utterance", speculate=False)
    settings = GatewaySettings(limits=Limits.model_validate(limits), streaming=streaming)
    return Session(pipeline, settings, "test")


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[list[events.Event]]:
    """The session at work; what it emits gathers in the list, complete when the block is left."""
    seen: list[events.Event] = []

    async def collect() -> None:
        async for event in session.events():
            seen.append(event)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        tasks.create_task(collect())
        yield seen


async def converse(
    pipeline: Pipeline, pcm: bytes, conversation: ConversationSettings = PT_TO_EN
) -> list[events.Event]:
    """Everything that comes of one recording."""
    session = open_session(pipeline)
    async with running(session) as seen:
        session.configure(conversation)
        for start in range(0, len(pcm), FRAME_BYTES):
            session.feed(pcm[start : start + FRAME_BYTES])
        session.end()
    return seen


def of_kind(seen: list[events.Event], kind: type[E]) -> list[E]:
    return [event for event in seen if isinstance(event, kind)]


async def test_twenty_utterances_come_back_in_order_none_lost_none_twice() -> None:
    stt, translator = FakeStt(delay_s=0.01), FakeTranslator(delay_s=0.02)
    seen = await converse(await ready_pipeline(stt, translator), utterances(20))
    wanted = [f"utterance {number}" for number in range(1, 21)]
    assert [event.text for event in of_kind(seen, events.Transcription)] == wanted
    assert [event.text for event in of_kind(seen, events.TranslationText)] == [
        f"en: {text}" for text in wanted
    ]
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == list(range(20))
    assert isinstance(seen[-1], events.Done)


async def test_events_of_an_utterance_come_in_the_order_of_the_contract() -> None:
    seen = await converse(await ready_pipeline(), utterances(1))
    kinds = [type(event).__name__ for event in seen]
    assert kinds == [
        "Ready", "Speech", "Speech", "Transcription", "TranslationText", "Audio", "Audio",
        "Ack", "Status", "Ack", "Done",
    ]  # fmt: skip


async def test_recognition_goes_on_while_an_earlier_utterance_waits_for_its_voice() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_session(await ready_pipeline(tts=tts))
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(3))
        async with asyncio.timeout(10):
            while len(of_kind(seen, events.TranslationText)) < 3:
                await asyncio.sleep(0.01)
        assert not of_kind(seen, events.Audio)
        tts.gate.set()
        session.end()
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == [0, 1, 2]


async def test_acks_grow_and_cover_every_utterance_only_after_its_voice() -> None:
    seen = await converse(await ready_pipeline(), utterances(3) + silence(5_000))
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
    seen = await converse(await ready_pipeline(), silence(10_000))
    assert len(of_kind(seen, events.Ack)) >= 3
    assert of_kind(seen, events.Ack)[-1].through_ms == 10_000
    assert not of_kind(seen, events.Transcription)


async def test_a_caption_session_has_no_audio() -> None:
    tts = FakeTts()
    conversation = ConversationSettings(source_language="pt", target_languages=("en",), speak=False)
    seen = await converse(await ready_pipeline(tts=tts), utterances(2), conversation)
    assert len(of_kind(seen, events.TranslationText)) == 2
    assert not of_kind(seen, events.Audio)
    assert not tts.requests


async def test_a_failing_utterance_is_told_and_the_next_ones_are_served() -> None:
    stt = FakeStt("first", ProviderFailed("broken"), "third")
    translator = FakeTranslator("one", ProviderFailed("broken"))
    seen = await converse(await ready_pipeline(stt, translator), utterances(3))
    failures = of_kind(seen, events.Failed)
    assert [(failure.segment_id, failure.fatal) for failure in failures] == [(1, False), (2, False)]
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["first", "third"]
    assert of_kind(seen, events.Ack)[-1].through_ms > of_kind(seen, events.Transcription)[-1].start_ms


async def test_a_lost_replica_costs_a_retry_and_no_utterance() -> None:
    stt = FakeStt(ProviderUnavailable("gone"), "first", "second")
    translator = FakeTranslator(ProviderUnavailable("gone"), ProviderUnavailable("gone"), "one", "two")
    tts = FakeTts(ProviderUnavailable("gone"))
    seen = await converse(await ready_pipeline(stt, translator, tts), utterances(2))
    assert [event.text for event in of_kind(seen, events.TranslationText)] == ["one", "two"]
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == [0, 1]
    assert not of_kind(seen, events.Failed)


async def test_a_machine_too_slow_for_the_deadline_delays_utterances_and_drops_none() -> None:
    stt = FakeStt("late", "late", "late", "first", "second", delay_s=0.3)
    pipeline = await ready_pipeline(stt, deadlines=Deadlines(stt_s=0.2))
    session = open_session(pipeline)
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


async def test_an_utterance_without_words_gives_no_caption_but_is_acknowledged() -> None:
    seen = await converse(await ready_pipeline(FakeStt("", "words")), utterances(2))
    assert [event.text for event in of_kind(seen, events.Transcription)] == ["words"]
    assert len(of_kind(seen, events.Ack)) >= 2


async def test_cancel_stops_the_voice_and_keeps_the_captions() -> None:
    tts = FakeTts(50)
    tts.gate.clear()
    session = open_session(await ready_pipeline(tts=tts))
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(2))
        async with asyncio.timeout(10):
            while len(of_kind(seen, events.TranslationText)) < 2:
                await asyncio.sleep(0.01)
        session.cancel()
        tts.gate.set()
        session.feed(utterances(1))
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {2}
    assert len(of_kind(seen, events.Transcription)) == 3
    assert tts.cancelled == 1
    assert tts.under_way == 0


async def test_cancel_covers_what_was_sent_before_it_and_nothing_after() -> None:
    session = open_session(await ready_pipeline())
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(1))
        session.cancel()
        session.feed(utterances(1))
        session.end()
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {1}
    assert len(of_kind(seen, events.Transcription)) == 2


async def test_flush_ends_the_utterance_at_once() -> None:
    session = open_session(await ready_pipeline())
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
    session = open_session(await ready_pipeline(stt, tts=tts))
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


async def test_stereo_at_48_khz_is_heard_like_mono_at_16_khz() -> None:
    stt = FakeStt()
    conversation = ConversationSettings(
        source_language="pt", target_languages=("en",), input_sample_rate=48_000, channels=2
    )
    mono = utterances(2)
    stretched = b"".join(mono[index : index + 2] * 6 for index in range(0, len(mono), 2))
    session = open_session(await ready_pipeline(stt))
    async with running(session) as seen:
        session.configure(conversation)
        for start in range(0, len(stretched), 6 * FRAME_BYTES):
            session.feed(stretched[start : start + 6 * FRAME_BYTES])
        session.end()
    plain = await converse(await ready_pipeline(), mono)
    starts = [event.start_ms for event in of_kind(seen, events.Transcription)]
    wanted = [event.start_ms for event in of_kind(plain, events.Transcription)]
    assert starts == pytest.approx(wanted, abs=64)


async def test_the_requested_output_rate_is_honoured() -> None:
    conversation = ConversationSettings(
        source_language="pt", target_languages=("en",), output_sample_rate=8_000
    )
    seen = await converse(await ready_pipeline(), utterances(1), conversation)
    heard = of_kind(seen, events.Audio)
    assert {event.sample_rate for event in heard} == {8_000}
    seconds = sum(len(event.pcm) for event in heard) / 2 / 8_000
    assert seconds == pytest.approx(0.2, abs=0.001)


async def test_bad_audio_is_refused_by_name_and_not_taken() -> None:
    session = open_session(await ready_pipeline(), max_session_s=20, max_backlog_s=10)
    with pytest.raises(InvalidRequest, match="before config"):
        session.feed(bytes(2))
    session.configure(PT_TO_EN)
    with pytest.raises(InvalidAudio, match="3 bytes"):
        session.feed(bytes(3))
    session.feed(silence(9_000))
    with pytest.raises(Overloaded, match="10 s"):
        session.feed(silence(2_000))
    with pytest.raises(SessionTooLong, match="20 s"):
        session.feed(silence(12_000))
    session.end()
    with pytest.raises(InvalidRequest, match="after end"):
        session.feed(bytes(2))
    with pytest.raises(InvalidRequest, match="after end"):
        session.configure(PT_TO_EN)


async def test_a_flood_of_tiny_messages_is_bounded() -> None:
    session = open_session(await ready_pipeline())
    session.configure(PT_TO_EN)
    with pytest.raises(Overloaded, match="tiny|small"):
        for _ in range(50_000):
            session.feed(b"")


async def test_unknown_languages_and_voices_are_refused_with_what_is_served() -> None:
    session = open_session(await ready_pipeline())
    with pytest.raises(UnsupportedLanguage, match="targets served: en"):
        session.configure(ConversationSettings(target_languages=("ja",)))
    with pytest.raises(UnsupportedLanguage, match="accepted: auto, en"):
        session.configure(ConversationSettings(source_language="xx", target_languages=("en",)))
    with pytest.raises(NotSupported, match="no context"):
        session.configure(ConversationSettings(target_languages=("en",), context="names"))
    with pytest.raises(UnknownVoice, match="accepted: default, joe"):
        session.configure(ConversationSettings(target_languages=("en",), voice_id="nobody"))


async def test_context_is_accepted_if_the_recogniser_of_the_source_language_takes_it() -> None:
    english, portuguese = FakeStt(), FakeStt()
    english.info = replace(english.info, languages=("en",))
    portuguese.info = replace(portuguese.info, languages=("pt",), takes_context=True)
    providers = StageProviders([english, portuguese], [FakeTranslator()], [FakeTts()])
    pipeline = Pipeline(providers, Deadlines())
    await pipeline.refresh()
    session = open_session(pipeline)
    session.configure(replace(PT_TO_EN, context="names"))
    with pytest.raises(NotSupported, match="no context"):
        session.configure(
            ConversationSettings(source_language="en", target_languages=("pt",), context="names")
        )


async def test_a_language_heard_without_a_route_is_told_and_its_caption_stays() -> None:
    stt = FakeStt(language="en")
    stt.info = type(stt.info)(provider="fake", model="ear", languages=("en", "fr"))
    pipeline = await ready_pipeline(stt)
    seen = await converse(pipeline, utterances(1), ConversationSettings(target_languages=("pt",)))
    assert len(of_kind(seen, events.TranslationText)) == 1
    stt.language = "fr"
    seen = await converse(pipeline, utterances(1), ConversationSettings(target_languages=("pt",)))
    assert [event.language for event in of_kind(seen, events.Transcription)] == ["fr"]
    assert [failure.error.code for failure in of_kind(seen, events.Failed)] == ["unsupported_language"]


async def test_a_client_that_vanishes_leaves_nothing_running() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_session(await ready_pipeline(tts=tts))
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


async def test_a_reader_that_never_reads_is_told_that_too_much_waits() -> None:
    tts = FakeTts(*[100] * 30)
    session = open_session(await ready_pipeline(tts=tts))
    run = asyncio.create_task(session.run())
    session.configure(PT_TO_EN)
    session.feed(utterances(30))
    for _ in range(40):
        await asyncio.sleep(0.02)
    assert len(tts.requests) < 5
    with pytest.raises(Overloaded):
        for _ in range(20):
            session.feed(utterances(5))
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
