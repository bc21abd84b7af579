"""WebRTC calls to the real service: real speech in, a real voice out, from aiortc and from Chromium."""

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher import dashboard
from sokuji.api.playback import CALL_RATE
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.audio.resampling import resample
from tests.api.openai.translations.events import check, text_of
from tests.service.conftest import free_port
from tests.service.test_draining import drain, serve
from tests.support.browser import CHROMIUM, NO_CHROMIUM
from tests.support.browser.call import call_from_page
from tests.support.speech import noise, sample
from tests.support.text_similarity import word_error_rate
from tests.support.webrtc_client import calling

__all__ = ["drain", "serve"]
PATH = "/v1/realtime/translations/calls"
SESSION = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "en"}}}
TRANSLATION = "One, two, three, four, five, six, seven, eight, nine, ten."
SPEECH = resample(noise(300) + sample("pt", "contagem") + noise(900), RECOGNISER_RATE, CALL_RATE)


async def secret(http: httpx.AsyncClient) -> str:
    answer = await http.post("/v1/realtime/translations/client_secrets", json={"session": SESSION})
    value: str = answer.json()["value"]
    return value


async def place_call(http: httpx.AsyncClient, offer: str) -> str:
    """The answer to an offer."""
    headers = {"Authorization": f"Bearer {await secret(http)}", "Content-Type": "application/sdp"}
    response = await http.post(PATH, content=offer, headers=headers)
    assert response.status_code == 201, response.text
    return response.text


async def words(http: httpx.AsyncClient, recording: bytes) -> str:
    """What is said in a recording, as the service itself hears it."""
    files = {"audio_file": ("heard.wav", recording)}
    response = await http.post("/api/v1/stt/transcribe", files=files, data={"language": "en"})
    text: str = response.json()["text"]
    return text


async def assert_heard(http: httpx.AsyncClient, events: list[dict[str, Any]], recording: bytes) -> None:
    """The voice has said what the events say."""
    for event in events:
        check(event)
    written = text_of(events, "output_transcript")
    assert word_error_rate(TRANSLATION, written, "en") <= 0.2
    assert word_error_rate(written, await words(http, recording), "en") <= 0.3


async def test_a_call_from_a_page_of_a_listed_origin_is_translated_and_heard(
    http: httpx.AsyncClient, address: str, serve: httpx.AsyncClient, tmp_path: Path
) -> None:
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    microphone = tmp_path / "microphone.wav"
    # Chromium begins to play the file before the call is connected.
    microphone.write_bytes(wav_bytes(bytes(2 * CALL_RATE) + SPEECH, CALL_RATE))
    port = free_port()

    async def call() -> dict[str, Any]:
        url = f"http://{address}{PATH}"
        return await call_from_page(url, await secret(http), microphone, seconds=2, port=port)

    assert "Failed to fetch" in (await call())["error"]
    await dashboard.change(
        serve, "Gateway", user_config={"access": {"allowed_origins": [f"http://127.0.0.1:{port}"]}}
    )
    try:
        result = await call()
    finally:
        await dashboard.change(serve, "Gateway", user_config={"access": {}})
    assert "error" not in result, result
    await assert_heard(http, result["events"], base64.b64decode(result["recording"]))


async def test_a_call_outlives_its_request_and_finishes_its_sentence_when_the_gateway_drains(
    http: httpx.AsyncClient, drain: Callable[[], Awaitable[None]]
) -> None:
    async with calling(lambda offer: place_call(http, offer)) as client:
        await client.voice.play(SPEECH)
        await client.voice.until_played()
        # Returns when the gateway has no call left.
        await drain()
        await client.until(client.closed.is_set)
    await assert_heard(http, client.events, wav_bytes(bytes(client.heard), CALL_RATE))
