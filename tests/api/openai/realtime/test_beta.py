"""The beta dialect, in the order in which the npm package ``openai-realtime-api`` 1.0.8 needs its answers."""

import base64
from typing import Any

import pytest

from sokuji.audio import g711
from sokuji.audio.resampling import resample
from tests.api.openai.realtime.client import connect
from tests.support.speech import noise, sample

SPEECH = resample(sample("pt", "ola_mundo"), 16_000, 24_000)
TURN = SPEECH + resample(noise(1_200, seed=1), 16_000, 24_000)
BETA_SUBPROTOCOLS = ("realtime", "openai-insecure-api-key.sk-anything", "openai-beta.realtime-v1")
MODEL = "?model=gpt-4o-realtime-preview-2024-10-01"
FIRST_UPDATE: dict[str, Any] = {
    "modalities": ["text", "audio"],
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": None,
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": 4_096,
}
"""What that client sends when it connects."""


@pytest.mark.parametrize(
    "handshake", [{"subprotocols": BETA_SUBPROTOCOLS}, {"headers": {"OpenAI-Beta": "realtime=v1"}}]
)
async def test_the_client_commits_and_gets_its_answer(realtime_url: str, handshake: dict[str, Any]) -> None:
    async with connect(realtime_url, MODEL, beta=True, **handshake) as client:
        await client.send("session.update", event_id="evt_1", session=FIRST_UPDATE)
        updated = await client.until("session.updated")
        await client.append(TURN)
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        done = await client.until("response.done")
        if "subprotocols" in handshake:
            assert client.connection.subprotocol == "realtime"
    assert updated["session"]["turn_detection"] is None
    assert updated["session"]["modalities"] == ["audio", "text"]
    assert updated["session"]["max_response_output_tokens"] == 4_096
    assert client.of("error") == []
    (item,) = done["response"]["output"]
    assert item["content"][0]["type"] == "audio"
    answer = client.kinds[client.kinds.index("response.created") :]
    order = [kind for index, kind in enumerate(answer) if kind != answer[index - 1] or not index]
    assert [kind for kind in order if kind.startswith(("response", "conversation.item.created"))] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    # The client pushes parts and outputs into the lists of these events.
    assert client.of("response.created")[0]["response"]["output"] == []
    created = client.of("conversation.item.created")
    assert [event["item"]["role"] for event in created] == ["user", "assistant"]
    assert created[1]["item"]["content"] == []
    transcript = client.of("conversation.item.input_audio_transcription.completed")[0]
    assert transcript["item_id"] == created[0]["item"]["id"]
    said = "".join(event["delta"] for event in client.of("response.audio_transcript.delta"))
    assert said == item["content"][0]["transcript"]


async def test_server_vad_answers_by_itself_and_texts_are_translated(realtime_url: str) -> None:
    async with connect(realtime_url, MODEL, beta=True, subprotocols=BETA_SUBPROTOCOLS) as client:
        detection = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
        await client.send(
            "session.update",
            session={**FIRST_UPDATE, "turn_detection": detection, "instructions": "Speak Portuguese."},
        )
        await client.append(TURN)
        await client.until("response.done")
        content = [{"type": "input_text", "text": "Good morning, my friends."}]
        await client.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await client.send("response.create", response={"modalities": ["text"]})
        response = (await client.until("response.done", 2))["response"]
    assert client.of("session.updated")[0]["session"]["turn_detection"]["silence_duration_ms"] == 400
    assert response["modalities"] == ["text"]
    assert response["output"][0]["content"] == [{"type": "text", "text": "pt: Good morning, my friends."}]
    assert client.of("response.text.done")[0]["text"] == "pt: Good morning, my friends."


@pytest.mark.parametrize(("name", "law"), [("g711_ulaw", "mulaw"), ("g711_alaw", "alaw")])
async def test_telephone_audio_has_its_beta_names(realtime_url: str, name: str, law: g711.Law) -> None:
    async with connect(realtime_url, MODEL, beta=True, subprotocols=BETA_SUBPROTOCOLS) as client:
        session = {**FIRST_UPDATE, "input_audio_format": name, "output_audio_format": name}
        await client.send("session.update", session={**session, "turn_detection": {"type": "server_vad"}})
        await client.append(g711.encode(resample(TURN, 24_000, 8_000), law))
        response = (await client.until("response.done"))["response"]
    heard = b"".join(base64.b64decode(event["delta"]) for event in client.of("response.audio.delta"))
    assert response["output_audio_format"] == name
    assert abs(len(heard) - 1_600) <= 40


async def test_a_flat_update_makes_a_session_one_of_the_beta(realtime_url: str) -> None:
    async with connect(realtime_url, MODEL, beta=True) as client:
        # The dialect is not known yet, so the first event is one of GA.
        client.expects_beta_from("session.updated")
        await client.send("session.update", session={"turn_detection": {"type": "server_vad"}})
        await client.append(TURN)
        await client.until("response.done")
    assert "conversation.item.created" in client.kinds
    assert "conversation.item.added" not in client.kinds


@pytest.mark.parametrize("told", [True, False])
async def test_transcription_sessions_of_the_beta(realtime_url: str, told: bool) -> None:
    offered = BETA_SUBPROTOCOLS if told else ()
    async with connect(realtime_url, "?intent=transcription", beta=True, subprotocols=offered) as client:
        if not told:
            client.expects_beta_from("transcription_session.updated")
        await client.send(
            "transcription_session.update",
            session={
                "input_audio_format": "pcm16",
                "input_audio_transcription": {"model": "whisper-1", "language": "pt", "prompt": "olá"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
            },
        )
        updated = await client.until("transcription_session.updated")
        await client.append(TURN)
        completed = await client.until("conversation.item.input_audio_transcription.completed")
    assert updated["session"]["input_audio_transcription"]["language"] == "pt"
    assert client.kinds[0] == ("transcription_session.created" if told else "session.created")
    assert completed["transcript"].startswith("utterance")


async def test_errors_name_the_fields_of_the_beta(realtime_url: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"input_audio_format": "mp3"}, "session.input_audio_format"),
        ({"turn_detection": {"type": "server_vad", "threshold": 7}}, "session.turn_detection.threshold"),
        ({"voice": "nobody"}, "session.voice"),
        ({"modalities": ["smell"]}, "session.modalities.0"),
        ({"max_response_output_tokens": 0}, "session.max_response_output_tokens"),
        ({"tools": [{"type": "function", "name": "f"}]}, "session.tools"),
    ]
    async with connect(realtime_url, MODEL, beta=True, subprotocols=BETA_SUBPROTOCOLS) as client:
        for number, (change, _) in enumerate(cases, 1):
            detection = {"type": "server_vad"}
            session = {**FIRST_UPDATE, "turn_detection": detection, **change}
            await client.send("session.update", session=session)
            await client.until("error", number)
    assert [event["error"]["param"] for event in client.of("error")] == [param for _, param in cases]
    assert not any("session.audio" in event["error"]["message"] for event in client.of("error"))
