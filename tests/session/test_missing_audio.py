"""A line that falls silent, as a muted microphone or one with a noise gate does, sends nothing at all."""

import asyncio
import time

import pytest

from sokuji import events
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import Deadlines, Limits, SegmentationSettings
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.tts.piper.provider import Piper
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.input import SessionInput
from tests.support.coded_speech import WORD_MS, CodedStt, LevelVoiceActivity, coded_words
from tests.support.segmenter_frames import utterances
from tests.support.session_events import assert_acknowledged, assert_whole, finals, of_kind
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    PT_TO_EN,
    UTTERANCES,
    SpokenScript,
    open_real_speech_session,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import reference, sample, silence
from tests.support.text_similarity import word_error_rate

IMPATIENT = EAGER.model_copy(update={"late_audio_ms": 50})
MONO = ConversationSettings(target_languages=("en",))


@pytest.mark.slow
@pytest.mark.parametrize("conversation", [CLAUSES, UTTERANCES])
@pytest.mark.parametrize("trailing_ms", [0, 100, 200, 450])
async def test_the_last_words_are_delivered_although_nothing_follows(
    conversation: ConversationSettings, trailing_ms: int
) -> None:
    session = open_session(await pipeline_of(CodedStt()), IMPATIENT)
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, silence(500) + coded_words(0, 4) + silence(trailing_ms))
        await wait_until(lambda: finals(seen) and of_kind(seen, events.Ack))
        await wait_until(lambda: of_kind(seen, events.Ack)[-1].through_ms >= finals(seen)[0].end_ms)
        # The silence was none of the client's audio: its times go on where its audio does.
        await speak(session, coded_words(4, 3) + silence(1_000))
        session.end()
    assert_whole(seen, SpokenScript([(4, 0), (3, 0)]))
    assert_acknowledged(seen)
    started = [each.at_ms for each in of_kind(seen, events.Speech) if each.state == "started"]
    assert started == pytest.approx([500, 500 + 4 * WORD_MS + trailing_ms], abs=32)


@pytest.mark.slow
async def test_a_line_that_is_silent_again_and_again_loses_and_repeats_nothing() -> None:
    session = open_session(await pipeline_of(CodedStt()), IMPATIENT)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        for turn in range(3):
            await speak(session, coded_words(2 * turn, 2))
            while len(finals(seen)) <= turn:
                await asyncio.sleep(0.005)
        session.end()
    assert_whole(seen, SpokenScript([(6, 0)]))
    assert [each.start_ms for each in finals(seen)] == [0, 2 * WORD_MS, 4 * WORD_MS]


@pytest.mark.slow
@pytest.mark.parametrize(("frame_ms", "frames"), [(800, 1), (80, 10)])
async def test_continuous_speech_in_large_frames_or_in_bursts_is_one_utterance(
    frame_ms: int, frames: int
) -> None:
    """The first piece is a silence, by which the session learns how late the rest may be."""
    session = open_session(await pipeline_of(CodedStt()), IMPATIENT)
    size = 2 * 16 * frame_ms
    pcm = silence(800) + coded_words(0, 8) + silence(800)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        for start in range(0, len(pcm), frames * size):
            for at in range(start, min(start + frames * size, len(pcm)), size):
                session.feed(pcm[at : at + size])
            await asyncio.sleep(frames * frame_ms / 1_000)
        session.end()
    assert_whole(seen, SpokenScript([(8, 0)]))
    assert len(finals(seen)) == 1


def new_input() -> SessionInput:
    source = SessionInput(Limits(max_waiting_bytes=2**20), 60, 0, lambda: 0)
    source.put(MONO)
    return source


async def test_silence_is_reported_in_speech_only() -> None:
    source = new_input()
    source.feed(bytes(320))
    assert [await source.receive(in_speech=True, silence_s=0.05) for _ in range(3)] == [
        MONO,
        bytes(320),
        Command.SILENCE,
    ]
    receiving = asyncio.create_task(source.receive(in_speech=False, silence_s=0.05))
    await asyncio.sleep(0.2)
    assert not receiving.done()
    source.put(Command.END)
    assert await receiving is None


@pytest.mark.slow
@pytest.mark.parametrize(("frames", "is_ahead"), [(1, False), (65, True)])
async def test_a_client_that_is_ahead_and_waits_for_its_acks_is_not_silent(
    frames: int, is_ahead: bool
) -> None:
    delivered = False
    source = SessionInput(Limits(), 60, 0, lambda: 0, lambda: delivered)
    source.put(MONO)
    for _ in range(frames):
        source.feed(bytes(640))
    assert await source.receive(in_speech=True, silence_s=0.05) == MONO
    waiting = 640 * frames
    while waiting:
        audio = await source.receive(in_speech=True, silence_s=0.05)
        assert isinstance(audio, bytes)
        waiting -= len(audio)
    receiving = asyncio.create_task(source.receive(in_speech=True, silence_s=0.05))
    await asyncio.sleep(2)
    assert receiving.done() != is_ahead
    delivered = True
    assert await asyncio.wait_for(receiving, 5) is Command.SILENCE


async def test_a_process_that_did_not_run_does_not_take_that_for_silence() -> None:
    source = new_input()
    source.feed(bytes(320))
    assert [await source.receive(in_speech=True, silence_s=0.3) for _ in range(2)] == [MONO, bytes(320)]
    receiving = asyncio.create_task(source.receive(in_speech=True, silence_s=0.3))
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251
    await asyncio.sleep(0.01)
    source.feed(bytes(640))
    assert await receiving == bytes(640)


async def test_a_client_that_is_held_back_is_not_silent() -> None:
    source = new_input()
    for _ in range(3):
        source.feed(bytes(2**20))
    holding = asyncio.create_task(source.hold_back())
    assert await source.receive(in_speech=True, silence_s=0.3) == MONO
    await asyncio.sleep(0.5)
    assert not holding.done()
    for _ in range(3):
        assert isinstance(await source.receive(in_speech=True, silence_s=0.3), bytes)
    receiving = asyncio.create_task(source.receive(in_speech=True, silence_s=0.3))
    await holding
    await asyncio.sleep(0.1)
    source.feed(bytes(320))
    assert await receiving == bytes(320)
    source.free()


@pytest.mark.parametrize("words", range(1, 6))
@pytest.mark.parametrize("trailing_ms", [0, 64, 160, 300, 470])
def test_missing_audio_ends_an_utterance_as_silence_does(words: int, trailing_ms: int) -> None:
    spoken = silence(500) + coded_words(0, words) + silence(trailing_ms)
    heard, missed = detector(), detector()
    (whole,) = utterances(heard.push(spoken + silence(1_000)))
    (cut,) = utterances(missed.push(spoken) + missed.silence())
    assert cut.cut == whole.cut == "silence"
    assert (cut.start_ms, cut.segment_id) == (whole.start_ms, whole.segment_id)
    assert whole.pcm.startswith(cut.pcm)
    assert whole.end_ms - cut.end_ms <= SegmentationSettings().padding_ms
    assert missed.position_ms == len(spoken) // 32


def test_missing_audio_makes_no_utterance_of_what_is_too_short_to_be_speech() -> None:
    clicking = detector()
    assert clicking.push(silence(500) + coded_words(0, 1)[:2_048]) == []
    assert clicking.silence() == []
    assert clicking.settled_ms == clicking.position_ms
    assert utterances(clicking.push(silence(200)) + clicking.flush()) == []


def detector() -> UtteranceDetector:
    opened = UtteranceDetector(SegmentationSettings(), vad=LevelVoiceActivity())
    opened.configure(16_000, 1)
    return opened


@pytest.mark.models
async def test_a_muted_microphone_gets_its_sentence_in_text_and_voice(
    whisper: FasterWhisper, bergamot: Bergamot, piper: Piper
) -> None:
    pipeline = Pipeline(StageProviders([whisper], [bergamot], [piper]), Deadlines())
    await pipeline.refresh()
    session = open_real_speech_session(pipeline)
    pcm = sample("pt", "contagem")
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        await speak(session, pcm)
        await wait_until(lambda: [each for each in of_kind(seen, events.Audio) if each.last], 60)
        told = [*seen]
        session.end()
    said = " ".join(each.text for each in finals(told))
    assert word_error_rate(reference("pt", "contagem"), said, "pt") <= 0.2
    assert "".join(each.text for each in of_kind(told, events.TranslationText)).strip()
