"""The streaming engine step by step: clauses, speculation, fan-out, cancel, drain, resumption."""

import asyncio
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.errors import ProviderFailed
from tests.support.coded_speech import WORD_MS, CodedStt, coded_words
from tests.support.fake_stages import FakeTts
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    assert_append_only,
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

TWO = replace(CLAUSES, target_languages=("en", "es"))


async def test_a_clause_is_translated_and_spoken_before_the_utterance_ends() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 8))
        await wait_until(lambda: any(event.last for event in of_kind(seen, events.Audio)))
        assert translations(seen, "en")[0] == "Word0 word1 word2 word3,"
        assert not of_kind(seen, events.TranslationText)[0].is_final
        assert not finals(seen)
        await speak(session, silence(1_000))
        session.end()
    assert_whole(seen, SpokenScript([(8, 1_000)]))


async def test_utterance_commitment_says_nothing_before_the_utterance_ends() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, SpokenScript([(8, 64), (8, 1_000)]).pcm)
        session.end()
    kinds = [type(event).__name__ for event in seen]
    assert kinds[:3] == ["Ready", "Speech", "Speech"]
    assert [event.clause for event in of_kind(seen, events.TranslationText)] == [0]
    assert not any(request.interim for request in stt.requests)


async def test_what_is_recognised_again_stays_short_in_a_long_monologue() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt))
    script = SpokenScript([(150, 1_000)])
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, script.pcm, [3_000])
        session.end()
    assert_whole(seen, script)
    assert_append_only(seen)
    longest_ms = max(len(request.pcm) for request in stt.requests) / 32
    assert longest_ms < 14_000
    assert len(finals(seen)) >= len(script.words) * WORD_MS / 14_000


async def test_more_stable_words_than_the_recogniser_takes_as_a_prefix_cost_nothing() -> None:
    stt, script = CodedStt(longest_prefix=5), SpokenScript([(30, 1_000)])
    session = open_session(await pipeline_of(stt))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script)
    assert max(len(request.prefix.split()) for request in stt.requests) > 5


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


class Picky(EchoTranslator):
    """Translates to one language only when it is let, and never to another."""

    def __init__(self, held: str = "", refused: str = "") -> None:
        super().__init__()
        self.held, self.refused, self.free = held, refused, asyncio.Event()

    async def answer(self, request):  # type: ignore[no-untyped-def]
        """Wait, or fail."""
        if request.target == self.refused:
            return ProviderFailed("on purpose")
        if request.target == self.held:
            await self.free.wait()
        return await super().answer(request)


async def test_one_recognition_feeds_all_targets_and_a_slow_one_holds_no_other_back() -> None:
    stt, translator, script = CodedStt(), Picky(held="es"), SpokenScript([(6, 1_000)] * 3)
    session = open_session(await pipeline_of(stt, translator))
    async with running(session) as seen:
        session.configure(TWO)
        await speak(session, script.pcm)
        await wait_until(lambda: sum(event.is_final for event in of_kind(seen, events.TranslationText)) == 3)
        assert not translations(seen, "es")
        assert not [ack for ack in of_kind(seen, events.Ack) if ack.through_ms > 1_000]
        assert len([request for request in stt.requests if not request.interim]) <= 2 * 3
        translator.free.set()
        session.end()
    assert_whole(seen, script, ["en", "es"])


async def test_a_failing_target_is_told_and_the_others_go_on() -> None:
    script = SpokenScript([(6, 1_000)] * 2)
    session = open_session(await pipeline_of(CodedStt(), Picky(refused="es")))
    async with running(session) as seen:
        session.configure(replace(TWO, commit="utterance"))
        await speak(session, script.pcm)
        session.end()
    assert " ".join(translations(seen, "en")).split() == script.words
    assert {event.error.code for event in of_kind(seen, events.Failed)} == {"provider_failed"}
    assert of_kind(seen, events.Ack)[-1].through_ms == len(script.pcm) // 32


async def test_a_named_voice_speaks_the_targets_that_it_can() -> None:
    tts = FakeTts()
    session = open_session(await pipeline_of(CodedStt(), tts=tts))
    async with running(session):
        session.configure(replace(TWO, voice_id="joe"))
        await speak(session, SpokenScript([(3, 1_000)]).pcm)
        session.end()
    assert {(request.language, request.voice) for request in tts.requests} == {("en", "joe"), ("es", "dora")}


async def test_preceding_clauses_and_the_glossary_reach_a_translator_that_takes_them() -> None:
    translator = EchoTranslator()
    translator.info = replace(translator.info, takes_context=True, takes_glossary=True)
    session = open_session(await pipeline_of(CodedStt(), translator), StreamingSettings(speculate=False))
    async with running(session):
        session.configure(replace(UTTERANCES, glossary={"word1": "uno"}))
        await speak(session, SpokenScript([(2, 1_000)] * 5).pcm)
        session.end()
    assert [len(request.context) for request in translator.requests] == [0, 1, 2, 3, 3]
    assert translator.requests[1].context == ("Word0 word1",)
    assert dict(translator.requests[0].glossary) == {"word1": "uno"}


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
    said = of_kind(seen, events.Ack)[-1].text.split()
    assert said
    assert said == " ".join(translations(seen, "en")).split() == SpokenScript([(30, 0)]).words[: len(said)]


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
