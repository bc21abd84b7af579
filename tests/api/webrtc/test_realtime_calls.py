"""Interpretation in a call, begun with the ``openai`` package: what is heard, and silence on demand."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeSessionCreateRequestParam

from tests.support.api_server import serve_api
from tests.support.openai_types import check_ga_event
from tests.support.tone_script import assert_says, runs, until_silent
from tests.support.tone_voice import SCRIPT, SENTENCE, ToneTts
from tests.support.webrtc_client import WebRTCClient, calling, offer_of_nobody

pytestmark = pytest.mark.slow
PATH = "/v1/realtime/calls"
SESSION: RealtimeSessionCreateRequestParam = {
    "type": "realtime",
    "model": "gpt-realtime",
    "instructions": "Translate into English.",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "interrupt_response": False}}},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api(tts=ToneTts()) as running:
        yield running


def calls(url: str) -> AbstractAsyncContextManager[WebRTCClient]:
    """A client whose call is begun by the ``openai`` package."""

    async def call(offer: str) -> str:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as openai:
            answer = await openai.realtime.calls.create(sdp=offer, session=SESSION)
            assert answer.response.status_code == 201
            assert answer.response.headers["location"].startswith(f"{PATH}/rtc_")
            return answer.text

    return calling(call)


async def test_a_response_is_heard_and_its_client_is_told_when(url: str) -> None:
    async with calls(url) as client:
        await client.voice.play(SENTENCE)
        response = (await client.until_event("response.created"))["response"]
        await client.until_event("output_audio_buffer.stopped")
        await until_silent(client.heard)
    for event in client.events:
        check_ga_event(event)
    kinds = [event["type"] for event in client.events]
    assert "response.output_audio.delta" not in kinds
    told = [event for event in client.events if event["type"].startswith("output_audio_buffer.")]
    assert [event["type"].partition(".")[2] for event in told] == ["started", "stopped"]
    assert {event["response_id"] for event in told} == {response["id"]}
    transcript = await client.until_event("response.output_audio_transcript.done")
    assert transcript["transcript"] == "en: utterance 1"
    assert_says(bytes(client.heard), SCRIPT, 0.3)


async def test_a_response_falls_silent_when_its_client_asks_for_it(url: str) -> None:
    async with calls(url) as client:
        await client.voice.play(SENTENCE)
        await client.until(lambda: any(client.heard))
        client.send({"type": "output_audio_buffer.clear"})
        await client.until_event("output_audio_buffer.cleared")
        await until_silent(client.heard)
        assert not [event for event in client.events if event["type"] == "output_audio_buffer.stopped"]
    assert sum(seconds for hertz, seconds in runs(bytes(client.heard)) if hertz) < 1.1


async def test_events_that_no_call_has_are_refused_and_the_call_goes_on(url: str) -> None:
    async with calls(url) as client:
        client.send({"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "mine"})
        telephone = {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}
        client.send({"type": "session.update", "session": {"type": "realtime", **telephone}})
        client.send(
            {
                "type": "session.update",
                "session": {"type": "realtime", "instructions": "Translate into Portuguese."},
            }
        )
        await client.until_event("session.updated")
    errors = [event["error"] for event in client.events if event["type"] == "error"]
    assert [(error["param"], error["event_id"]) for error in errors] == [
        ("type", "mine"),
        ("session.audio.output.format", None),
    ]


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ('{"model": "gpt-9"}', "session.model"),
        ('{"audio": {"input": {"format": {"type": "audio/pcmu"}}}}', "session.audio.input.format"),
        ('{"audio": {"output": {"language": "tlh"}}}', "session.audio.output.language"),
        ('{"tools": [{"type": "function", "name": "f"}]}', "session.tools"),
    ],
)
async def test_a_session_that_is_not_served_is_refused_before_there_is_a_call(
    url: str, session: str, param: str
) -> None:
    parts = {"sdp": (None, await offer_of_nobody()), "session": (None, session)}
    async with httpx.AsyncClient(timeout=60) as http:
        response = await http.post(url + PATH, files=parts)
    assert 400 <= response.status_code < 500, response.text
    assert response.json()["error"]["param"] == param
