"""Speech-to-speech sessions of GA: responses and their life, texts, interruption, formats."""

import asyncio
import base64
from typing import Any

import pytest

from sokuji.audio import g711
from sokuji.audio.resampling import resample
from tests.api.openai.realtime.client import RealtimeClient, connect, serving
from tests.support.fake_stages import FakeStt, FakeTts
from tests.support.speech import noise, sample

SPEECH = resample(sample("pt", "ola_mundo"), 16_000, 24_000)
TURN = SPEECH + resample(noise(1_200, seed=1), 16_000, 24_000)
SPOKEN_LIFE = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def realtime(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", **fields}


def without_repeats(kinds: list[str]) -> list[str]:
    return [kind for index, kind in enumerate(kinds) if kind != kinds[index - 1] or not index]


def written(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}


def audio_of(client: RealtimeClient) -> bytes:
    return b"".join(base64.b64decode(event["delta"]) for event in client.of("response.output_audio.delta"))


async def test_a_turn_is_answered_by_a_response_with_its_translation(realtime_url: str) -> None:
    async with connect(realtime_url, "?model=gpt-realtime") as client:
        heard = {"model": "whisper-1", "language": "pt"}
        await client.send("session.update", session=realtime(audio={"input": {"transcription": heard}}))
        await client.append(TURN)
        done = await client.until("response.done")
        await client.until("rate_limits.updated")
    response = done["response"]
    assert response["status"] == "completed"
    (item,) = response["output"]
    after_commit = client.kinds[client.kinds.index("response.created") :]
    assert (
        without_repeats([kind for kind in after_commit if "input_audio_transcription" not in kind])
        == SPOKEN_LIFE
    )
    completed = client.of("conversation.item.input_audio_transcription.completed")[0]
    assert item["content"][0]["transcript"] == f"en: {completed['transcript']}"
    # Two chunks of 100 ms, at the 24 kHz of the session.
    assert abs(len(audio_of(client)) - 2 * 4_800) <= 200
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_token_details"]["audio_tokens"] == 4
    assert usage["input_token_details"]["audio_tokens"] > 5


@pytest.mark.parametrize(
    ("output", "instructions", "target"),
    [
        ({"language": "pt-BR"}, "Translate into English.", "pt"),
        ({}, "Traduza tudo do inglês para o português.", "pt"),
        ({}, "Be friendly.", "en"),
    ],
)
async def test_the_target_is_the_language_asked_for(
    realtime_url: str, output: dict[str, Any], instructions: str, target: str
) -> None:
    async with connect(realtime_url) as client:
        heard = {"language": "en" if target == "pt" else "pt"}
        audio = {"input": {"transcription": heard}, "output": output}
        await client.send("session.update", session=realtime(audio=audio, instructions=instructions))
        await client.append(TURN)
        response = (await client.until("response.done"))["response"]
    assert response["output"][0]["content"][0]["transcript"].startswith(f"{target}: ")


async def test_turns_that_follow_each_other_are_answered_one_after_the_other(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        await client.append(3 * TURN)
        await client.until("response.done", 3)
    lives = [kind for kind in client.kinds if kind in ("response.created", "response.done")]
    assert lives == 3 * ["response.created", "response.done"]
    ids = [event["response"]["id"] for event in client.of("response.created")]
    assert ids == [event["response"]["id"] for event in client.of("response.done")]
    current = None
    for event in client.events:
        if event["type"] == "response.created":
            current = event["response"]["id"]
        assert event.get("response_id", current) == current


async def test_text_modality_has_text_and_no_audio(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        await client.send("session.update", session=realtime(output_modalities=["text"]))
        await client.append(TURN)
        response = (await client.until("response.done"))["response"]
    assert response["output"][0]["content"][0]["type"] == "output_text"
    assert client.of("response.output_text.done")[0]["text"].startswith("en: ")
    assert client.of("response.output_audio.delta") == []


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
async def test_telephone_audio_goes_in_and_comes_out(realtime_url: str, law: g711.Law) -> None:
    kind = {"mulaw": "audio/pcmu", "alaw": "audio/pcma"}[law]
    async with connect(realtime_url) as client:
        audio = {"input": {"format": {"type": kind}}, "output": {"format": {"type": kind}}}
        await client.send("session.update", session=realtime(audio=audio))
        await client.append(g711.encode(resample(TURN, 24_000, 8_000), law))
        await client.until("response.done")
    heard = audio_of(client)
    assert abs(len(heard) - 1_600) <= 40
    assert set(g711.decode(heard[200:-200], law)[0::2]) <= set(range(256))
    loud = g711.decode(heard[400:1_200], law)
    assert abs(int.from_bytes(loud[:2], "little", signed=True) - FakeTts.LEVEL) < 60


async def test_a_declared_rate_is_honoured_and_one_that_is_not_served_refused(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        bad = {"input": {"format": {"type": "audio/pcm", "rate": 96_000}}}
        await client.send("session.update", session=realtime(audio=bad), event_id="e1")
        error = (await client.until("error"))["error"]
        assert (error["param"], error["event_id"]) == ("session.audio.input.format.rate", "e1")
        await client.append(TURN)
        await client.until("response.done")
    assert len(client.of("error")) == 1


async def test_without_turn_detection_nothing_is_said_before_a_response_is_asked_for(
    realtime_url: str,
) -> None:
    async with connect(realtime_url) as client:
        audio = {"input": {"turn_detection": None}}
        await client.send("session.update", session=realtime(audio=audio))
        await client.append(TURN)
        await client.send("input_audio_buffer.commit")
        await client.until("conversation.item.done")
        await asyncio.sleep(0.3)
        assert client.of("response.created") == []
        await client.send("response.create", response={"metadata": {"who": "me"}})
        response = (await client.until("response.done"))["response"]
    assert response["metadata"] == {"who": "me"}
    assert response["output"][0]["content"][0]["transcript"].startswith("en: utterance")
    assert len(audio_of(client)) > 9_000
    assert response["usage"]["input_token_details"]["audio_tokens"] > 5


async def test_a_written_text_is_translated_and_spoken(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        await client.send("conversation.item.create", item=written("Bom dia a todos.", id="item_mine"))
        await client.send("response.create")
        response = (await client.until("response.done"))["response"]
        await client.send("response.create")
        empty = (await client.until("response.done", 2))["response"]
        await client.send("conversation.item.retrieve", item_id="item_mine")
        retrieved = await client.until("conversation.item.retrieved")
    assert response["output"][0]["content"] == [
        {"type": "output_audio", "transcript": "en: Bom dia a todos."}
    ]
    assert len(audio_of(client)) > 9_000
    assert (empty["status"], empty["output"]) == ("completed", [])
    assert retrieved["item"]["content"] == [{"type": "input_text", "text": "Bom dia a todos."}]


async def test_a_response_may_have_input_language_and_voice_of_its_own(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        await client.send(
            "response.create",
            response={
                "conversation": "none",
                "input": [written("Good morning, my dear friends.")],
                "instructions": "Translate into Portuguese.",
                "audio": {"output": {"voice": {"id": "dora"}}},
            },
        )
        response = (await client.until("response.done"))["response"]
    assert response["output"][0]["content"][0]["transcript"] == "pt: Good morning, my dear friends."
    assert response["audio"]["output"]["voice"] == "dora"
    assert response["conversation_id"] is None
    assert client.of("conversation.item.added") == []


async def test_a_cancelled_response_is_over_and_the_next_turn_is_answered() -> None:
    tts = FakeTts(400)
    async with serving(tts=tts) as url, connect(url) as client:
        await client.append(TURN)
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        cancelled = (await client.until("response.done"))["response"]
        await client.send("response.cancel", event_id="again")
        error = (await client.until("error"))["error"]
        tts.answers.append(2)
        await client.append(TURN)
        completed = (await client.until("response.done", 2))["response"]
    assert cancelled["status"] == "cancelled"
    assert cancelled["status_details"]["reason"] == "client_cancelled"
    assert cancelled["output"][0]["status"] == "incomplete"
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "again")
    assert completed["status"] == "completed"
    assert completed["output"][0]["content"][0]["transcript"]


@pytest.mark.parametrize("interrupts", [True, False])
async def test_speech_interrupts_a_response_where_the_client_wants_that(interrupts: bool) -> None:
    tts = FakeTts(1_500)
    async with serving(tts=tts) as url, connect(url) as client:
        detection = {"type": "server_vad", "interrupt_response": interrupts}
        await client.send("session.update", session=realtime(audio={"input": {"turn_detection": detection}}))
        await client.append(TURN)
        await client.until("response.output_audio.delta")
        tts.answers.append(2)
        await client.append(TURN)
        await client.until("response.done", 2)
    first, second = (event["response"] for event in client.of("response.done"))
    assert second["status"] == "completed"
    assert second["output"]
    assert first["status"] == ("cancelled" if interrupts else "completed")
    if interrupts:
        assert first["status_details"]["reason"] == "turn_detected"


async def test_heard_audio_can_be_truncated(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        await client.append(TURN)
        item_id = (await client.until("response.done"))["response"]["output"][0]["id"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=9_999)
        error = (await client.until("error"))["error"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=50)
        truncated = await client.until("conversation.item.truncated")
        await client.send("conversation.item.retrieve", item_id=item_id)
        retrieved = await client.until("conversation.item.retrieved")
        await client.send("conversation.item.delete", item_id=item_id)
        await client.until("conversation.item.deleted")
        await client.send("conversation.item.retrieve", item_id=item_id)
        gone = (await client.until("error", 2))["error"]
    assert error["param"] == "audio_end_ms"
    assert truncated["audio_end_ms"] == 50
    assert retrieved["item"]["content"] == [{"type": "output_audio", "transcript": ""}]
    assert gone["param"] == "item_id"


async def test_items_stand_where_the_client_puts_them(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        for name, after in (("a", None), ("b", None), ("c", "a"), ("d", "root")):
            await client.send("conversation.item.create", item=written("x", id=name), previous_item_id=after)
        await client.send("conversation.item.create", item=written("x"), previous_item_id="nobody")
        error = (await client.until("error"))["error"]
    assert [event["previous_item_id"] for event in client.of("conversation.item.added")] == [
        None,
        "a",
        "a",
        None,
    ]
    assert error["param"] == "previous_item_id"


async def test_a_long_silence_is_reported_and_answered_where_the_client_wants_that(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        detection = {"type": "server_vad", "idle_timeout_ms": 5_000}
        await client.send("session.update", session=realtime(audio={"input": {"turn_detection": detection}}))
        await client.append(TURN)
        await client.until("response.done")
        await client.append(resample(noise(9_000, seed=3), 16_000, 24_000), chunk=48_000)
        timeout = await client.until("input_audio_buffer.timeout_triggered")
        response = (await client.until("response.done", 2))["response"]
    assert timeout["audio_end_ms"] - timeout["audio_start_ms"] >= 5_000
    assert response["output"] == []
    assert client.of("input_audio_buffer.committed")[1]["item_id"] == timeout["item_id"]


async def test_speech_without_words_is_a_response_without_output() -> None:
    async with serving(stt=FakeStt("")) as url, connect(url) as client:
        heard = {"transcription": {"model": "whisper-1"}}
        await client.send("session.update", session=realtime(audio={"input": heard}))
        await client.append(TURN)
        response = (await client.until("response.done"))["response"]
    assert (response["status"], response["output"]) == ("completed", [])
    told = [kind for kind in client.kinds if "input_audio_transcription" in kind]
    assert len(told) == 1
    assert client.of("error") == []
