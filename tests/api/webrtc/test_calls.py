"""Calls through HTTP and a session over fake stages: what is translated is heard, and how a call ends."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from sokuji.config import AdmissionSettings, GatewaySettings, Limits, OpenAISettings
from sokuji.contract import WorkerReport
from tests.api.webrtc.answering_app import CallServer, call_server
from tests.support.tone_script import assert_says, runs, until_silent
from tests.support.tone_voice import SCRIPT, SENTENCE, ToneTts
from tests.support.webrtc_client import WebRTCClient, calling, offer_of_nobody

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[CallServer]:
    settings = GatewaySettings(
        limits=Limits(ws_max_connections=1), openai=OpenAISettings(webrtc_connect_s=0.5)
    )
    with call_server(settings, ToneTts()) as running:
        yield running


@pytest.fixture(scope="module")
def refusing_server() -> Iterator[CallServer]:
    """A server for requests that are no calls: none of them leaves anything behind."""
    with call_server() as running:
        yield running


async def post(server: CallServer, offer: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.post(server.url, content=offer, headers={"Content-Type": "application/sdp"})


def calls(server: CallServer) -> AbstractAsyncContextManager[WebRTCClient]:
    """A client of a server."""

    async def call(offer: str) -> str:
        response = await post(server, offer)
        assert (response.status_code, response.headers["content-type"]) == (201, "application/sdp")
        assert response.headers["location"] == "/v1/calls/rtc_1"
        return response.text

    return calling(call)


async def until_free(server: CallServer) -> None:
    """Wait until the service has ended the call."""
    async with asyncio.timeout(10):
        while len(server.service.sessions):
            await asyncio.sleep(0.02)


async def test_what_is_said_is_translated_and_heard_to_its_end_before_the_call_is_closed(
    server: CallServer,
) -> None:
    async with calls(server) as client:
        await client.voice.play(SENTENCE)
        assert (await client.until_event("translated"))["text"] == "en: utterance 1"
        client.send({"type": "end"})
        await client.until_event("done")
        await client.until(client.closed.is_set)
        await until_free(server)
    assert [event["type"] for event in client.events] == ["opened", "translated", "done"]
    assert_says(bytes(client.heard), SCRIPT, 0.3)


async def test_a_cancelled_voice_falls_silent_and_the_call_goes_on(server: CallServer) -> None:
    async with calls(server) as client:
        await client.voice.play(SENTENCE)
        await client.until(lambda: any(client.heard))
        client.send({"type": "cancel"})
        await until_silent(client.heard)
        assert sum(seconds for hertz, seconds in runs(bytes(client.heard)) if hertz) < 0.9
        client.send({"type": "what"})
        assert "unknown event what" in (await client.until_event("failed"))["message"]
    await until_free(server)


async def test_a_call_takes_a_place_until_its_client_hangs_up(server: CallServer) -> None:
    async with calls(server) as client:
        await client.until_event("opened")
        refused = await post(server, await offer_of_nobody())
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
    await until_free(server)
    async with calls(server) as client:
        await client.until_event("opened")


async def test_an_offer_is_refused_while_there_is_no_room_for_its_session(server: CallServer) -> None:
    server.service.admission.settings = AdmissionSettings(enabled=True)
    load = server.service.pipeline.stt.monitors[0].load
    load.described("fake", WorkerReport(replica="a", workers=1, busy=1.0))
    other = server.service.admission.enter()
    refused = await post(server, await offer_of_nobody())
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    load.described("fake", WorkerReport(replica="a", workers=1, busy=0.0))
    other.end()
    async with calls(server) as client:
        await client.until_event("opened")
    await until_free(server)


async def test_a_call_to_which_nobody_connects_gives_its_place_back(server: CallServer) -> None:
    assert (await post(server, await offer_of_nobody())).status_code == 201
    await until_free(server)


async def test_a_replica_that_drains_ends_its_calls_and_takes_no_others(server: CallServer) -> None:
    async with calls(server) as client:
        await client.voice.play(SENTENCE)
        await client.until_event("translated")
        server.drain()
        await client.until(client.closed.is_set)
        await until_free(server)
        assert (await post(server, await offer_of_nobody())).status_code == 503
    assert_says(bytes(client.heard), SCRIPT, 0.3)


@pytest.mark.parametrize(
    ("content_type", "body", "param", "message"),
    [
        ("application/json", "{}", None, "accepted: multipart/form-data"),
        ("application/sdp", "", "sdp", "there is no SDP offer"),
        ("application/sdp", "v=0", "sdp", "the offer has nothing"),
        ("application/sdp", "v" * 70_000, "sdp", "at most 65536"),
    ],
)
async def test_a_request_that_is_no_call_is_refused(
    refusing_server: CallServer, content_type: str, body: str, param: str | None, message: str
) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        response = await http.post(refusing_server.url, content=body, headers={"Content-Type": content_type})
    assert response.status_code in (400, 413)
    error = response.json()["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert message in error["message"]


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ([("sdp", "v=0"), ("sdp", "v=0")], "sdp", "more than once"),
        ([("sdp", "v=0"), ("colour", "red")], "colour", "unknown; accepted: sdp, session"),
        ([("session", "{}")], "sdp", "there is no SDP offer"),
        ([("sdp", "v=0"), ("session", "{")], "session", "not valid JSON"),
        ([("sdp", "v=0"), ("session", "[]")], "session", "must be a JSON object"),
        ([("sdp", "v=0"), ("session", "{}")], "sdp", "the offer has nothing"),
    ],
)
async def test_a_form_that_is_no_call_is_refused(
    refusing_server: CallServer, fields: list[tuple[str, str]], param: str, message: str
) -> None:
    parts = [(name, (None, value, None)) for name, value in fields]
    async with httpx.AsyncClient(timeout=60) as http:
        response = await http.post(refusing_server.url, files=parts)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert message in response.json()["error"]["message"]


async def test_a_form_may_have_its_fields_as_files(server: CallServer) -> None:
    offer = await offer_of_nobody()
    async with httpx.AsyncClient(timeout=60) as http:
        response = await http.post(server.url, files={"sdp": ("offer.sdp", offer, "application/sdp")})
    assert response.status_code == 201
    await until_free(server)


WITHOUT_THE_LIBRARY = """
import asyncio, sys
import sokuji.api.app
from sokuji.api.service import Service
from sokuji.api.webrtc.calls import new_call
from sokuji.config import GatewaySettings
from sokuji.errors import NotSupported
from tests.support.clients import anonymous
from tests.support.fake_stages import ready_pipeline

async def refusal():
    service = Service(await ready_pipeline(), GatewaySettings())
    try:
        await new_call(service, anonymous(), "v=0", "/", None)
    except NotSupported as error:
        return error.message

print(sorted({"aiortc", "aioice"} & set(sys.modules)))
sys.modules["aiortc"] = None
print(asyncio.run(refusal()))
"""


def test_a_service_without_calls_imports_nothing_for_them_and_needs_no_library() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_LIBRARY], check=True, capture_output=True, text=True
    )
    assert ran.stdout.splitlines() == [
        "[]",
        "this service does not take calls: install sokuji-bridge[webrtc] (aiortc is missing)",
    ]
