"""Live translation in a call: the events of the WebSocket over the data channel, the audio on tracks."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from tests.api.openai.translations.events import check
from tests.support.api_server import serve_api
from tests.support.tone_script import assert_says
from tests.support.tone_voice import SCRIPT, SENTENCE, ToneTts
from tests.support.webrtc_client import WebRTCClient, calling, offer_of_nobody

pytestmark = pytest.mark.slow
PATH = "/v1/realtime/translations/calls"
SESSION = {
    "model": "gpt-realtime-translate",
    "audio": {"input": {"transcription": {"model": "whisper-1"}}, "output": {"language": "en"}},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api(tts=ToneTts()) as running:
        yield running


async def secret(url: str, session: dict[str, Any]) -> str:
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(f"{url}/v1/realtime/translations/client_secrets", json={"session": session})
    value: str = answer.json()["value"]
    return value


def calls(url: str, key: str) -> AbstractAsyncContextManager[WebRTCClient]:
    """A client that shows a client secret and sends its offer alone, as browsers do."""

    async def call(offer: str) -> str:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
        async with httpx.AsyncClient(timeout=60) as http:
            response = await http.post(url + PATH, content=offer, headers=headers)
        assert (response.status_code, response.headers["content-type"]) == (201, "application/sdp")
        assert response.headers["location"].startswith(f"{PATH}/rtc_")
        return response.text

    return calling(call)


async def post_form(url: str, session: str, offer: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as http:
        parts = {"sdp": (None, offer, "application/sdp"), "session": (None, session, "application/json")}
        return await http.post(url + PATH, files=parts)


async def test_a_call_translates_with_the_session_of_its_client_secret(url: str) -> None:
    async with calls(url, await secret(url, SESSION)) as client:
        created = await client.until_event("session.created")
        assert created["session"]["audio"]["output"]["language"] == "en"
        await client.voice.play(SENTENCE)
        transcript = await client.until_event("session.output_transcript.delta")
        assert transcript["delta"] == "en: utterance 1"
        client.send({"type": "session.close"})
        await client.until_event("session.closed")
        await client.until(client.closed.is_set)
    kinds = [check(event)["type"] for event in client.events]
    assert kinds == [
        "session.created",
        "session.input_transcript.delta",
        "session.output_transcript.delta",
        "session.closed",
    ]
    assert_says(bytes(client.heard), SCRIPT, 0.3)


async def test_a_bad_event_is_refused_and_the_call_goes_on(url: str) -> None:
    async with calls(url, await secret(url, SESSION)) as client:
        client.channel.send("{")
        client.send({"type": "session.input_audio_buffer.append", "audio": "AAAA", "event_id": "mine"})
        two = {"audio": {"output": {"languages": ["en", "pt"]}}}
        client.send({"type": "session.update", "session": two})
        client.send({"type": "session.update", "session": {"audio": {"output": {"language": "pt"}}}})
        updated = await client.until_event("session.updated")
    assert updated["session"]["audio"]["output"]["language"] == "pt"
    errors = [event["error"] for event in client.events if event["type"] == "error"]
    assert [error["param"] for error in errors] == [None, "type", "session.audio.output.languages"]
    assert (errors[1]["event_id"], errors[1]["message"]) == ("mine", "in a call, audio comes on the track")
    assert "a call has one voice; accepted: one language" in errors[2]["message"]


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ('{"model": "gpt-9"}', "session.model"),
        ('{"type": "realtime"}', "session.type"),
        ('{"audio": {"output": {"language": "tlh"}}}', "session.audio.output.language"),
        ('{"audio": {"output": {"languages": ["en", "pt"]}}}', "session.audio.output.languages"),
        ('{"audio": {"output": {"voice": "nobody"}}}', "session.audio.output.voice"),
    ],
)
async def test_a_session_that_is_not_served_is_refused_before_there_is_a_call(
    url: str, session: str, param: str
) -> None:
    response = await post_form(url, session, await offer_of_nobody())
    assert 400 <= response.status_code < 500
    assert response.json()["error"]["param"] == param


async def test_a_client_secret_that_is_forged_is_refused(url: str) -> None:
    headers = {"Authorization": "Bearer ek_forged", "Content-Type": "application/sdp"}
    async with httpx.AsyncClient(timeout=60) as http:
        response = await http.post(url + PATH, content=await offer_of_nobody(), headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
