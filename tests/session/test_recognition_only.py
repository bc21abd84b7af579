"""Sessions without a target language, and utterances that their client ends or drops itself."""

import asyncio
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import SegmentationSettings
from sokuji.errors import UnsupportedLanguage
from sokuji.session.conversation import ConversationSettings
from tests.support.coded_speech import CodedStt, coded_words, spelled
from tests.support.fake_stages import FakeTts
from tests.support.session_events import finals, of_kind
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import silence

HEARD_ONLY = replace(UTTERANCES, target_languages=())
BY_COMMIT = replace(HEARD_ONLY, ends_by_silence=False)


@pytest.mark.parametrize("conversation", [HEARD_ONLY, replace(CLAUSES, target_languages=())])
async def test_without_a_target_speech_is_recognised_and_acknowledged_and_nothing_else(
    conversation: ConversationSettings,
) -> None:
    script = SpokenScript([(4, 900), (5, 900)])
    translator, tts = EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(CodedStt(), translator, tts))
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, script.pcm)
        session.end()
    assert " ".join(event.text for event in finals(seen)).split() == script.words
    assert not of_kind(seen, events.TranslationText) + of_kind(seen, events.Audio)
    assert not translator.requests + tts.requests
    ends = [event.end_ms for event in finals(seen)]
    acked = [ack.through_ms for ack in of_kind(seen, events.Ack)]
    assert set(ends) <= set(acked)
    assert acked == sorted(acked)
    assert acked[-1] == len(script.pcm) // 32


async def test_a_language_that_no_recogniser_knows_is_refused_without_a_target_too() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    with pytest.raises(UnsupportedLanguage):
        session.configure(replace(HEARD_ONLY, source_language="ja"))


@pytest.mark.slow
async def test_silence_ends_no_utterance_that_only_a_flush_may_end() -> None:
    script = SpokenScript([(3, 1_500), (3, 1_500)])
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(BY_COMMIT)
        await speak(session, script.pcm)
        # Longer than the silence after which missing audio would end an utterance.
        await asyncio.sleep(1.2)
        assert finals(seen) == []
        session.flush()
        await wait_until(lambda: finals(seen))
        session.end()
    (final,) = finals(seen)
    assert final.text.split() == script.words


async def test_the_boundary_follows_the_end_of_the_segment_and_stands_before_the_next() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(BY_COMMIT)
        for begin in (0, 3):
            session.feed(coded_words(begin, 3))
            session.flush()
        session.end()
    order = [
        event.state if isinstance(event, events.Speech) else "boundary"
        for event in seen
        if isinstance(event, events.Speech | events.Boundary)
    ]
    assert order == 2 * ["started", "stopped", "boundary"]


async def test_what_is_cleared_is_not_recognised_and_what_follows_is() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt))
    async with running(session) as seen:
        session.configure(replace(UTTERANCES, target_languages=("en",)))
        session.feed(coded_words(0, 3))
        session.clear()
        session.feed(silence(800) + coded_words(3, 3) + silence(800))
        session.end()
    (final,) = finals(seen)
    assert final.text.split() == [spelled(number) for number in (3, 4, 5)]
    assert [event.state for event in of_kind(seen, events.Speech)] == ["started", "started", "stopped"]
    assert len({event.segment_id for event in of_kind(seen, events.Speech)}) == 2


async def test_the_segmentation_of_a_conversation_goes_before_that_of_the_service() -> None:
    script = SpokenScript([(3, 900), (3, 900)])
    patient = SegmentationSettings(endpoint="fixed", silence_ms=1_500)
    counts = []
    for segmentation in (None, patient):
        session = open_session(await pipeline_of(CodedStt()))
        async with running(session) as seen:
            session.configure(replace(HEARD_ONLY, segmentation=segmentation))
            await speak(session, script.pcm)
            session.end()
        counts.append(len(finals(seen)))
    assert counts == [2, 1]


async def test_the_voice_of_earlier_segments_can_be_stopped_while_the_next_is_spoken() -> None:
    tts = FakeTts(50)
    tts.gate.clear()
    session = open_session(await pipeline_of(CodedStt(), None, tts))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        session.feed(SpokenScript([(3, 900)]).pcm)
        async with asyncio.timeout(10):
            await tts.arrived.get()
        session.cancel_before(of_kind(seen, events.Speech)[0].segment_id + 1)
        tts.gate.set()
        session.feed(coded_words(3, 3) + silence(900))
        session.end()
    last = of_kind(seen, events.Speech)[-1].segment_id
    assert {event.segment_id for event in of_kind(seen, events.Audio)} == {last}
    assert len(finals(seen)) == 2
