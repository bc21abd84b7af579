"""Transcription sessions of GA: the order of events, turn detection, commits, clears."""

import asyncio

from sokuji.audio.resampling import resample
from tests.api.openai.realtime.client import connect
from tests.support.speech import noise, sample

SPEECH = resample(sample("pt", "ola_mundo"), 16_000, 24_000)
QUIET = resample(noise(1_200, seed=1), 16_000, 24_000)
TURN = SPEECH + QUIET


def transcription(**audio_input: object) -> dict[str, object]:
    return {"type": "transcription", "audio": {"input": audio_input}}


async def test_the_events_of_a_turn_come_in_the_order_of_the_contract(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.until("session.created")
        await client.send("session.update", session=transcription(transcription={"model": "whisper-1"}))
        await client.until("session.updated")
        await client.append(TURN)
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    assert client.kinds == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    started, stopped, committed, added, done, delta = client.events[2:8]
    ids = {
        started["item_id"],
        stopped["item_id"],
        committed["item_id"],
        added["item"]["id"],
        done["item"]["id"],
    }
    assert ids == {completed["item_id"]} == {delta["item_id"]}
    assert 0 <= started["audio_start_ms"] < stopped["audio_end_ms"]
    assert committed["previous_item_id"] is None
    assert delta["delta"] == completed["transcript"]
    assert completed["transcript"].startswith("utterance ")
    assert completed["languages"] == [{"code": "pt"}]
    spoken_ms = stopped["audio_end_ms"] - started["audio_start_ms"]
    assert completed["usage"]["type"] == "duration"
    assert abs(1_000 * completed["usage"]["seconds"] - spoken_ms) < 600


async def test_every_turn_is_an_item_behind_the_one_before(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.append(2 * TURN)
        second = await client.until("conversation.item.input_audio_transcription.completed", 2)
    first = client.of("conversation.item.input_audio_transcription.completed")[0]
    assert client.of("input_audio_buffer.committed")[1]["previous_item_id"] == first["item_id"]
    assert second["item_id"] != first["item_id"]


async def test_without_turn_detection_the_client_commits(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.send("session.update", session=transcription(turn_detection=None))
        await client.append(2 * TURN)
        await client.send("input_audio_buffer.commit")
        await client.append(TURN)
        await client.send("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed", 2)
    assert client.of("session.updated")[0]["session"]["audio"]["input"]["turn_detection"] is None
    assert client.of("input_audio_buffer.speech_started") == []
    committed = [event["item_id"] for event in client.of("input_audio_buffer.committed")]
    completed = client.of("conversation.item.input_audio_transcription.completed")
    assert [event["item_id"] for event in completed] == committed
    assert all(event["transcript"].startswith("utterance") for event in completed)


async def test_a_commit_of_silence_is_an_item_without_words(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.send("session.update", session=transcription(turn_detection=None))
        await client.append(QUIET)
        await client.send("input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == ""
    assert client.of("error") == client.of("conversation.item.input_audio_transcription.delta")


async def test_a_commit_of_too_little_is_one_error_and_loses_nothing(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.send("session.update", session=transcription(turn_detection=None))
        await client.append(SPEECH[:2_400])
        await client.send("input_audio_buffer.commit", event_id="mine")
        error = (await client.until("error"))["error"]
        await client.append(SPEECH[2_400:])
        await client.send("input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")
    assert len(client.of("error")) == 1
    assert completed["transcript"]
    seconds = completed["usage"]["seconds"]
    assert abs(seconds - len(SPEECH) / 48_000) < 0.5


async def test_a_commit_after_the_service_has_committed_is_one_error(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.append(TURN)
        await client.until("input_audio_buffer.committed")
        await client.send("input_audio_buffer.commit")
        error = (await client.until("error"))["error"]
        await client.append(TURN)
        await client.until("conversation.item.input_audio_transcription.completed", 2)
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert len(client.of("error")) == 1


async def test_a_commit_within_a_turn_ends_it(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.append(SPEECH)
        await client.until("input_audio_buffer.speech_started")
        await client.send("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed")
    assert client.kinds.count("input_audio_buffer.committed") == 1
    assert client.of("error") == []


async def test_what_is_cleared_becomes_no_item(realtime_url: str) -> None:
    for detection in ({"type": "server_vad"}, None):
        async with connect(realtime_url, "?intent=transcription") as client:
            await client.send("session.update", session=transcription(turn_detection=detection))
            await client.append(SPEECH)
            await client.send("input_audio_buffer.clear")
            await client.until("input_audio_buffer.cleared")
            await client.append(TURN)
            if detection is None:
                await client.send("input_audio_buffer.commit")
            await client.until("conversation.item.input_audio_transcription.completed")
        assert len(client.of("input_audio_buffer.committed")) == 1
        assert client.of("error") == []


async def test_a_silence_duration_of_the_client_is_kept(realtime_url: str) -> None:
    pause = resample(noise(900, seed=2), 16_000, 24_000)
    counts = []
    for silence_ms in (400, 1_500):
        async with connect(realtime_url, "?intent=transcription") as client:
            detection = {"type": "server_vad", "silence_duration_ms": silence_ms}
            await client.send("session.update", session=transcription(turn_detection=detection))
            await client.append(SPEECH + pause + SPEECH + 2 * QUIET)
            await client.until("conversation.item.input_audio_transcription.completed")
            await client.send("input_audio_buffer.clear")
            await client.until("input_audio_buffer.cleared")
            counts.append(len(client.of("input_audio_buffer.committed")))
    assert counts == [2, 1]


async def test_live_deltas_come_before_the_turn_has_ended(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        heard = {"model": "whisper-1", "delay": "minimal", "language": "pt"}
        await client.send("session.update", session=transcription(transcription=heard))
        for start in range(0, 4 * len(SPEECH), 4_800):
            await client.append((4 * SPEECH)[start : start + 4_800])
            await asyncio.sleep(0.01)
        await client.append(2 * QUIET)
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    deltas = [
        event["delta"]
        for event in client.of("conversation.item.input_audio_transcription.delta")
        if event["item_id"] == completed["item_id"]
    ]
    assert "".join(deltas) == completed["transcript"]


async def test_a_model_that_streams_has_no_turn_detection(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription&model=gpt-live-transcribe") as client:
        heard = {"model": "gpt-live-transcribe"}
        await client.send("session.update", session=transcription(transcription=heard))
        updated = await client.until("session.updated")
        await client.append(SPEECH)
        await client.send("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed")
    assert updated["session"]["audio"]["input"]["turn_detection"] is None


async def test_the_model_of_a_recogniser_makes_a_transcription_session(realtime_url: str) -> None:
    async with connect(realtime_url, "?model=gpt-4o-transcribe") as client:
        created = await client.until("session.created")
    assert created["session"]["type"] == "transcription"


async def test_switching_turn_detection_on_commits_what_has_been_said(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.send("session.update", session=transcription(turn_detection=None))
        await client.append(TURN)
        detection = {"type": "server_vad"}
        await client.send("session.update", session=transcription(turn_detection=detection))
        await client.append(TURN)
        await client.until("conversation.item.input_audio_transcription.completed", 2)
    assert len(client.of("input_audio_buffer.committed")) == 2
    assert len(client.of("input_audio_buffer.speech_started")) == 1
    assert client.of("error") == []


async def test_a_long_buffer_is_one_item_with_all_its_words(realtime_url: str) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        heard = {"model": "whisper-1", "language": "pt"}
        await client.send("session.update", session=transcription(turn_detection=None, transcription=heard))
        # More than an utterance may have, so that it is recognised in several pieces.
        await client.append(SPEECH * (25 * 48_000 // len(SPEECH) + 1), chunk=48_000)
        await client.send("input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    assert completed["transcript"].count("utterance") >= 2
    deltas = [event["delta"] for event in client.of("conversation.item.input_audio_transcription.delta")]
    assert "".join(deltas) == completed["transcript"]
    assert len(client.of("input_audio_buffer.committed")) == 1
