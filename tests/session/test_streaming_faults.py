"""The streaming engine where stages fail, clients leave and speech ends at bad moments."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import Overloaded, ProviderFailed, SokujiError
from sokuji.session.output import MAX_QUEUED_EVENTS
from tests.support.coded_speech import WORD_MS, CodedStt, LevelVoiceActivity, coded_words, spelled
from tests.support.fake_stages import FakeTts
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    assert_whole,
    finals,
    of_kind,
    open_session,
    pipeline_of,
    running,
    speak,
    translations,
    wait_until,
)
from tests.support.speech import silence


class Broken(CodedStt):
    """Fails to recognise what is not interim, so many times."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words, or a failure."""
        if self.fails and not requests[0].interim:
            self.fails -= 1
            return [ProviderFailed("on purpose")]
        return await super().transcribe(requests)


@pytest.mark.parametrize("conversation", [CLAUSES, UTTERANCES])
async def test_recognition_that_fails_in_a_pause_is_tried_again_at_the_endpoint(conversation) -> None:  # type: ignore[no-untyped-def]
    session, script = open_session(await pipeline_of(Broken(1))), SpokenScript([(5, 1_000), (3, 1_000)])
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script)


async def test_a_segment_whose_recognition_fails_keeps_its_stable_words_and_is_told_once() -> None:
    session = open_session(await pipeline_of(Broken(2)))
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


class SlowEar(LevelVoiceActivity):
    """Takes its time over each frame."""

    def probability(self, frame: bytes) -> float:
        """As loud as it is."""
        time.sleep(0.001)
        return super().probability(frame)


async def test_lag_counts_audio_that_has_not_been_listened_to() -> None:
    session = open_session(await pipeline_of(CodedStt()), vad=SlowEar())
    async with running(session):
        session.configure(UTTERANCES)
        session._input._began -= 60  # as if the audio had come as it was spoken
        for _ in range(100):
            session.feed(silence(100))
        await asyncio.sleep(0.05)
        assert session.lag_ms > 5_000
        session.end()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_a_cut_for_length_while_speech_is_recognised_loses_and_doubles_nothing(seed: int) -> None:
    stt = CodedStt(seed, delay_s=0.012)
    stt.info = replace(stt.info, gives_word_times=False)
    session, script = open_session(await pipeline_of(stt), vad=SlowEar()), SpokenScript([(150, 1_000)])
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, script.pcm, [20_000, 36_000], rest_s=0.01)
        session.end()
    assert_whole(seen, script)
    assert len(finals(seen)) > 1


async def test_a_resumed_connection_counts_its_own_clauses() -> None:
    session = open_session(await pipeline_of(CodedStt()), resumed_text="Word0 word1 word2 word3,")
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 12))
        await wait_until(lambda: any(ack.text.endswith("word7,") for ack in of_kind(seen, events.Ack)))
        session.end()
    for ack in of_kind(seen, events.Ack):
        if ack.text:
            here = [
                event.text for event in of_kind(seen, events.TranslationText) if event.clause < ack.clauses
            ]
            assert ack.text.split() == SpokenScript([(4, 0)]).words + " ".join(here).split()


async def test_a_resumed_segment_of_which_all_was_delivered_still_ends() -> None:
    session = open_session(await pipeline_of(CodedStt()), resumed_text="Word0 word1")
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 2) + silence(1_000))
        session.end()
    (translation,) = of_kind(seen, events.TranslationText)
    assert (translation.text, translation.is_final) == ("", True)


@pytest.mark.slow
async def test_a_flooded_session_can_still_be_drained() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    session.configure(CLAUSES)
    with pytest.raises(Overloaded):
        while True:
            session.feed(b"")
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
