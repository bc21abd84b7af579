"""A session with a service records what came back, and its failures, and is no exception."""

import asyncio
import time
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from load_tests.measurements.load_level import summarise
from load_tests.peers.sokuji_service import SokujiSystem
from load_tests.peers.system import PeerSession
from load_tests.scenarios.response_log import ResponseLog
from load_tests.scenarios.sessions import Scenario, ServiceSession, converse, speak_together
from load_tests.scenarios.speech_samples import ScriptedSpeech, recordings, scripted_speech, silence
from sokuji import events
from sokuji.client.config import Config
from sokuji.errors import Overloaded, VoiceLeftOut
from sokuji.measure.latency import Stopwatch
from tests.support.scripted_server import ENGLISH, EVENTS, plain_service, send_events, service

SENTENCE = ScriptedSpeech("pt", silence(400), [(100, 300)], [("Olá mundo.",)])


ANSWERED = ScriptedSpeech("pt", silence(1_400), [(300, 1_300)], [("Olá mundo.",)])
"""A sentence where that of ``EVENTS`` is."""


async def answer(socket: ServerConnection) -> None:
    """All events of an utterance, and the end."""
    await send_events(socket, *EVENTS)
    await socket.wait_closed()


async def stay_silent(socket: ServerConnection) -> None:
    await socket.wait_closed()


def spoken(*, keep: bool = False, speech: ScriptedSpeech = SENTENCE) -> ServiceSession:
    log = ResponseLog("en") if keep else None
    return ServiceSession(speech, stopwatch=Stopwatch("en"), responses=log)


async def test_a_session_keeps_the_times_of_all_events_and_their_contents_where_wanted() -> None:
    kept, timed = spoken(keep=True), spoken()
    async with service(answer) as url:
        for each in (kept, timed):
            await converse(url, ENGLISH, each, each.sent)
    assert kept.responses is not None
    (utterance,) = kept.responses.utterances
    assert (utterance.text, utterance.translation) == ("Olá [mundo].", "Hello.")
    assert utterance.final_at is not None
    assert timed.responses is None
    assert kept.stopwatch.utterances.keys() == timed.stopwatch.utterances.keys() == {0}
    assert (kept.failure, kept.errors) == (None, {})


async def test_a_session_without_responses_fails_at_its_deadline_and_loses_its_sentences() -> None:
    late = spoken()
    async with service(stay_silent) as url:
        await converse(url, ENGLISH, late, late.sent, deadline_s=0.2)
    assert late.errors == {"deadline_exceeded": 1}
    assert summarise([late]).lost == 1


async def test_an_error_event_and_a_failed_session_are_counted_by_their_codes() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(Overloaded("try again later")), events.Done())
        await socket.wait_closed()

    refused, unreachable = spoken(), spoken()
    async with service(refuse) as url:
        await converse(url, ENGLISH, refused, refused.sent)
    await converse(url, ENGLISH, unreachable, unreachable.sent, resume_within_s=0)
    assert refused.errors == {"overloaded": 1}
    assert unreachable.errors == {"service_unreachable": 1}
    assert unreachable.failure is not None


async def test_a_session_for_which_there_was_no_room_is_refused_and_no_failure() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await socket.recv()
        await send_events(socket, events.Failed(Overloaded("full"), fatal=True))

    refused, admitted = spoken(), spoken(speech=ANSWERED)
    async with plain_service(refuse) as url:
        await converse(url, ENGLISH, refused, refused.sent)
    async with service(answer) as url:
        await converse(url, ENGLISH, admitted, admitted.sent)
    assert (refused.errors, refused.failure) == ({}, None)
    level = summarise([refused, admitted])
    assert (level.sessions, level.refused, level.sent, level.received, level.lost) == (2, 1, 1, 1, 0)
    assert level.refused_within_ms == pytest.approx(1_000 * (refused.refused_after_s or 0), abs=0.1)
    assert summarise([admitted]).refused_within_ms is None


async def test_a_sentence_whose_voice_came_too_late_is_unspoken_and_not_lost() -> None:
    async def left_out(socket: ServerConnection) -> None:
        told = [each for each in EVENTS if not isinstance(each, events.Audio)]
        failed = events.Failed(VoiceLeftOut("late"), segment_id=0)
        await send_events(socket, *told[:-2], failed, *told[-2:])
        await socket.wait_closed()

    session = spoken(speech=ANSWERED)
    async with service(left_out) as url:
        await converse(url, ENGLISH, session, session.sent)
    level = summarise([session])
    assert (level.sent, level.received, level.unspoken, level.lost) == (1, 0, 1, 0)


async def test_sessions_speak_at_the_same_time_and_record_how_late_their_frames_are() -> None:
    together = asyncio.Barrier(3)
    sessions = [spoken() for _ in range(3)]

    async def speak(each: ServiceSession, spoken_until: object) -> None:
        async with asyncio.timeout(5):
            await together.wait()
        each.pace.began = time.monotonic() - 1
        assert callable(spoken_until)
        spoken_until(400)

    await speak_together("pt", sessions, speak, stagger_s=0)
    assert all(each.behind_ms >= 600 for each in sessions)  # 400 ms were spoken, a second has passed


async def test_the_service_is_scored_like_a_peer_by_its_final_captions() -> None:
    session = PeerSession(SENTENCE)
    async with service(answer) as url:
        await SokujiSystem(Path("unused")).transcribe(int(url.rpartition(":")[2]), session, session.sent)
    assert session.text == "Olá [mundo]."
    assert not session.errors


def test_sessions_of_a_scenario_begin_with_different_recordings() -> None:
    scenario = Scenario(Config(source_language="pt", target_language="en"), 3, 10.0)
    texts = [scenario.speech(number).texts[0] for number in range(3)]
    assert sorted(texts) == sorted((each.text,) for each in recordings("pt"))


def test_recordings_that_are_joined_keep_the_text_of_each() -> None:
    speech = scripted_speech("pt", 1.0, first=1, run_on=2)
    first, second = (each.text for each in recordings("pt")[1:3])
    assert speech.texts == [(first, second)]
    assert speech.sentences == [f"{first} {second}"]
