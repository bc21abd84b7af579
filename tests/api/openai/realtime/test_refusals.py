"""Bad input: one error that names the field, and the session goes on; or the connection is refused."""

import base64
from typing import Any

import pytest

from sokuji.audio.resampling import resample
from tests.api.openai.realtime.client import connect
from tests.support.speech import noise, sample

TURN = resample(sample("pt", "ola_mundo") + noise(1_200, seed=1), 16_000, 24_000)
TRANSCRIPTION = "session.audio.input.transcription"


def audio(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"input": fields}}


def voice(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"output": fields}}


def detection(**fields: Any) -> dict[str, Any]:
    return audio(turn_detection={"type": "server_vad", **fields})


DETECTION = "session.audio.input.turn_detection"
UPDATES: list[tuple[Any, str]] = [
    ({"type": "realtime", "tools": [{"type": "function", "name": "f"}]}, "session.tools"),
    ({"type": "realtime", "tool_choice": "required"}, "session.tool_choice"),
    ({"type": "realtime", "prompt": {"id": "pmpt_1"}}, "session.prompt"),
    ({"type": "realtime", "include": ["item.input_audio_transcription.logprobs"]}, "session.include"),
    ({"type": "realtime", "output_modalities": ["text", "audio"]}, "session.output_modalities"),
    ({"type": "realtime", "max_output_tokens": 5_000}, "session.max_output_tokens"),
    ({"type": "realtime", "instructions": 3}, "session.instructions"),
    ({"type": "realtime", "instructions": "Translate into Welsh."}, "session.instructions"),
    ({"type": "talk"}, "session.type"),
    ({"type": "transcription"}, "session.type"),
    ({"type": "realtime", "audio": 3}, "session.audio"),
    (audio(format={"type": "audio/mp3"}), "session.audio.input.format.type"),
    (audio(format={"type": "audio/pcm", "rate": 4_000}), "session.audio.input.format.rate"),
    (audio(format={"type": "audio/pcmu", "rate": 16_000}), "session.audio.input.format"),
    (audio(transcription={"model": "nobody"}), f"{TRANSCRIPTION}.model"),
    (audio(transcription={"model": "tts-1"}), f"{TRANSCRIPTION}.model"),
    (audio(transcription={"language": "klingon"}), f"{TRANSCRIPTION}.language"),
    (audio(transcription={"language": "ja"}), f"{TRANSCRIPTION}.language"),
    (audio(transcription={"languages": ["pt", "ja"]}), f"{TRANSCRIPTION}.languages"),
    (audio(noise_reduction={"type": "loud_field"}), "session.audio.input.noise_reduction.type"),
    (detection(threshold=1.5), f"{DETECTION}.threshold"),
    (detection(silence_duration_ms=10), f"{DETECTION}.silence_duration_ms"),
    (detection(prefix_padding_ms=-1), f"{DETECTION}.prefix_padding_ms"),
    (detection(idle_timeout_ms=1), f"{DETECTION}.idle_timeout_ms"),
    (audio(turn_detection={"type": "telepathy"}), DETECTION),
    (audio(turn_detection={"type": "semantic_vad", "eagerness": "wild"}), f"{DETECTION}.eagerness"),
    (voice(voice="nobody"), "session.audio.output.voice"),
    (voice(voice={"id": "dora"}), "session.audio.output.voice"),
    (voice(speed=9), "session.audio.output.speed"),
    (voice(language="tlh"), "session.audio.output.language"),
    (voice(language="ja"), "session.audio.output.language"),
]


async def test_every_refused_update_names_its_field_and_changes_nothing(realtime_url: str) -> None:
    async with connect(realtime_url, "?model=gpt-realtime") as client:
        await client.send("session.update", session={"type": "realtime", "instructions": "Speak English."})
        before = (await client.until("session.updated"))["session"]
        for number, (session, _) in enumerate(UPDATES, 1):
            await client.send("session.update", session=session, event_id=f"e{number}")
        await client.until("error", len(UPDATES))
        await client.send("session.update", session={"type": "realtime"})
        after = (await client.until("session.updated", 2))["session"]
        await client.append(TURN)
        await client.until("response.done")
    errors = [event["error"] for event in client.of("error")]
    assert [(error["event_id"], error["param"]) for error in errors] == [
        (f"e{number}", param) for number, (_, param) in enumerate(UPDATES, 1)
    ]
    assert after == before


async def test_an_absent_field_stays_and_null_clears(realtime_url: str) -> None:
    async with connect(realtime_url) as client:
        heard = {"language": "pt", "prompt": "nomes", "model": "whisper-1"}
        await client.send(
            "session.update",
            session={
                "type": "realtime",
                "instructions": "Speak English.",
                "audio": {
                    "input": {
                        "transcription": heard,
                        "turn_detection": {"type": "semantic_vad"},
                        "noise_reduction": {"type": "far_field"},
                    },
                    "output": {"speed": 1.2, "voice": "alloy"},
                },
            },
        )
        await client.send("session.update", session={"type": "realtime", "audio": {"output": {"speed": 0.9}}})
        await client.send(
            "session.update",
            session={"type": "realtime", "audio": {"input": {"transcription": {"prompt": None}}}},
        )
        await client.send(
            "session.update",
            session={
                "instructions": None,
                "audio": {
                    "input": {"transcription": None, "turn_detection": None, "noise_reduction": None},
                    "output": {"speed": None},
                },
            },
        )
        await client.until("session.updated", 4)
    first, second, third, fourth = (event["session"] for event in client.of("session.updated"))
    assert first["audio"]["output"] | {"speed": 0.9} == second["audio"]["output"]
    assert second["audio"]["input"] == first["audio"]["input"]
    assert third["audio"]["input"]["transcription"] == {"language": "pt", "model": "whisper-1"}
    assert fourth["instructions"] == ""
    assert fourth["audio"]["input"]["transcription"] is fourth["audio"]["input"]["turn_detection"] is None
    assert first["audio"]["input"]["noise_reduction"] == {"type": "far_field", "strength": 1.0}
    assert fourth["audio"]["input"]["noise_reduction"] is None
    assert fourth["audio"]["output"]["speed"] == 1.0


EVENTS: list[tuple[dict[str, Any], str | None]] = [
    ({"type": "input_audio_buffer.append", "audio": "!!!"}, "audio"),
    ({"type": "input_audio_buffer.append"}, "audio"),
    ({"type": "input_audio_buffer.commit"}, "audio"),
    ({"type": "output_audio_buffer.clear"}, "type"),
    ({"type": "nothing.known"}, "type"),
    ({"type": "session.update"}, "session"),
    ({"type": "response.cancel"}, "response_id"),
    ({"type": "response.create", "response": {"tools": [{}]}}, "response.tools"),
    ({"type": "response.create", "response": {"conversation": "conv_1"}}, "response.conversation"),
    ({"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}},
     "response.input.0.id"),
    ({"type": "conversation.item.create", "item": {"type": "function_call_output", "output": ""}},
     "item.type"),
    ({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [
        {"type": "input_image", "image_url": "data:"}]}}, "item.content.0.type"),
    ({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [
        {"type": "input_text", "text": "x" * 5_001}]}}, "item.content"),
    ({"type": "conversation.item.retrieve", "item_id": "nobody"}, "item_id"),
    ({"type": "conversation.item.delete"}, "item_id"),
]  # fmt: skip


async def test_every_refused_event_is_one_error_and_the_session_goes_on(realtime_url: str) -> None:
    async with connect(realtime_url, "?model=gpt-realtime") as client:
        for event, _ in EVENTS:
            await client.send(kind=event["type"], **{k: v for k, v in event.items() if k != "type"})
        await client.connection.send(b"binary")
        await client.connection.send("{")
        await client.until("error", len(EVENTS) + 2)
        await client.append(TURN)
        await client.until("response.done")
    errors = [event["error"] for event in client.of("error")]
    assert [error["param"] for error in errors] == [*(param for _, param in EVENTS), None, None]
    assert all(error["type"] == "invalid_request_error" for error in errors)


async def test_an_append_that_is_too_large_is_refused_and_odd_bytes_are_carried_over(
    realtime_url: str,
) -> None:
    async with connect(realtime_url, "?intent=transcription") as client:
        await client.send("input_audio_buffer.append", audio="A" * (15 * 2**20 + 4))
        error = (await client.until("error"))["error"]
        for start in range(0, len(TURN), 4_801):
            piece = base64.b64encode(TURN[start : start + 4_801]).decode()
            await client.send("input_audio_buffer.append", audio=piece)
        await client.until("conversation.item.input_audio_transcription.completed")
    assert error["code"] == "too_large"
    assert len(client.of("error")) == 1


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?model=nobody", "model"),
        ("?intent=transcription&model=tts-1", "model"),
        ("?intent=translation", "intent"),
        ("?call_id=rtc_1", "call_id"),
    ],
)
async def test_a_connection_that_asks_for_what_is_not_served_is_closed_with_the_reason(
    realtime_url: str, query: str, param: str
) -> None:
    async with connect(realtime_url, query) as client:
        assert await client.closed() == 1008
    (error,) = client.of("error")
    assert error["error"]["param"] == param
