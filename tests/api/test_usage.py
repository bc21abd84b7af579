"""What the clients of a key use is charged to it at every door, and refused beyond its limits."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from sokuji.access.key_file import change_keys
from sokuji.access.new_key import NewKey, make_key
from sokuji.api.service import Service
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyLimits, KeyScope
from sokuji.errors import ProviderFailed
from tests.api.doors import CHARGED, SOCKETS, Door, named
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.openai_api import openai_api
from tests.support.rest_client import client_of
from tests.support.speech import sample, silence

SPEECH = sample("pt", "contagem") + silence(1_500)
SPEECH_S = len(SPEECH) / 2 / RECOGNISER_RATE
BRIDGE = "/api/v1/ws/translate"
UNFAILING = ("/v1/audio/speech", "/detect")
"""What has left of a stream is used; and no stage is called to detect a language."""
REST_TIMEOUT_S = 60


def key_with(**limits: float) -> NewKey:
    return make_key("a", KeyScope, KeyLimits.model_validate(limits))


def demanding(key: NewKey) -> GatewaySettings:
    return GatewaySettings(access=AccessSettings(keys=(key.key,)))


@asynccontextmanager
async def rest(key: NewKey, *stages: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of a service over fake stages, all of which fail if they are given."""
    service = Service(await ready_pipeline(*stages), demanding(key), decoders=shared_decoders())
    async with client_of(service) as client:
        client.headers["Authorization"] = f"Bearer {key.value}"
        client.timeout = httpx.Timeout(REST_TIMEOUT_S)
        yield client


async def left(client: httpx.AsyncClient, what: str) -> int:
    response = await client.get("/api/v1/stt/languages")
    return int(response.headers[f"x-ratelimit-remaining-{what}"])


@named(CHARGED)
async def test_a_call_is_charged_and_refused_when_too_little_is_left(door: Door) -> None:
    key = key_with(characters_per_day=20, audio_minutes_per_day=4 / 60)
    async with rest(key) as client:
        before = await left(client, door.uses)
        first = await client.post(door.path, **(door.request or {}))
        assert first.status_code in (200, 422)
        used = before - await left(client, door.uses)
        assert 1 <= used <= before
        statuses = [(await client.post(door.path, **(door.request or {}))).status_code for _ in range(3)]
        refused = await client.post(door.path, **(door.request or {}))
    assert 429 in statuses
    error = refused.json()["error"]
    if isinstance(error, str):  # LibreTranslate's
        error = {"code": "usage_exceeded", "param": error.partition(":")[0]}
    assert (refused.status_code, error["code"]) == (429, "usage_exceeded")
    assert error["param"] in ("characters_per_day", "audio_minutes_per_day")
    assert int(refused.headers["retry-after"]) > 3_600
    assert error.get("type", "rate_limit_error") == "rate_limit_error"


@named([door for door in CHARGED if door.uses == "characters" and door.path not in UNFAILING])
async def test_what_the_service_fails_to_do_is_not_charged(door: Door) -> None:
    failure = ProviderFailed("away")
    key = key_with(characters_per_day=20)
    async with rest(key, FakeStt(), FakeTranslator(*[failure] * 9), FakeTts(*[failure] * 9)) as client:
        response = await client.post(door.path, **(door.request or {}))
        assert response.status_code >= 500
        assert await left(client, door.uses) == 20


async def test_requests_of_a_key_are_limited_and_every_response_says_how_many_are_left() -> None:
    async with rest(key_with(requests_per_minute=2)) as client:
        responses = [await client.get("/v1/models") for _ in range(3)]
    assert [each.status_code for each in responses] == [200, 200, 429]
    told = [each.headers["x-ratelimit-remaining-requests"] for each in responses]
    assert told == ["1", "0", "0"]
    assert {each.headers["x-ratelimit-limit-requests"] for each in responses} == {"2"}
    assert responses[-1].json()["error"]["type"] == "rate_limit_error"
    assert 0 < int(responses[-1].headers["retry-after"]) <= 60


class Client:
    """A client of a socket, whatever its door."""

    def __init__(self, door: Door, socket: ClientConnection) -> None:
        self._door = door
        self._socket = socket

    async def begin(self) -> None:
        """Open a session."""
        if self._door.path == BRIDGE:
            await self._send(type="config", source_language="pt", target_language="en")
            return
        audio = {"output": {"language": "en"}}
        kind = {} if "translations" in self._door.path else {"type": "realtime"}
        await self._send(type="session.update", session={**kind, "audio": audio})

    async def speak(self, pcm: bytes) -> None:
        """Send audio in messages of a fifth of a second, as long as the service takes it."""
        for start in range(0, len(pcm), 6_400):
            await self._append(pcm[start : start + 6_400])

    async def _append(self, pcm: bytes) -> None:
        if self._door.path == BRIDGE:
            await self._socket.send(pcm)
            return
        prefix = "session." if "translations" in self._door.path else ""
        audio = base64.b64encode(resample(pcm, RECOGNISER_RATE, 24_000)).decode()
        await self._send(type=f"{prefix}input_audio_buffer.append", audio=audio)

    async def until_closed(self) -> tuple[list[dict[str, Any]], int]:
        """All events, and the close code."""
        events = []
        try:
            async with asyncio.timeout(60):
                while True:
                    frame = await self._socket.recv()
                    events += [json.loads(frame)] if isinstance(frame, str) else []
        except ConnectionClosed as closed:
            return events, closed.rcvd.code if closed.rcvd else 1006

    async def until_any(self, *kinds: str) -> None:
        """Skip events until one of a kind."""
        async with asyncio.timeout(60):
            while json.loads(await self._socket.recv())["type"] not in kinds:
                pass

    async def _send(self, **event: Any) -> None:
        await self._socket.send(json.dumps(event))


@asynccontextmanager
async def client_at(door: Door, base_url: str, key: NewKey) -> AsyncIterator[Client]:
    url = base_url.replace("http", "ws").removesuffix("/v1") + door.path
    async with connect(url, additional_headers={"Authorization": f"Bearer {key.value}"}) as socket:
        yield Client(door, socket)


def error_in(door: Door, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The last event, which has to be an error in the shape of the door."""
    error: dict[str, Any] = events[-1]
    assert error["type"] == "error"
    if door.path == BRIDGE:
        assert error["fatal"]
        return error
    detail: dict[str, Any] = error["error"]
    return detail


HEARD = {
    BRIDGE: "transcription",
    "/v1/realtime": "conversation.item.input_audio_transcription.completed",
    "/v1/realtime/translations": "session.output_transcript.delta",
}
READY = ("ready", "session.updated")


@named(SOCKETS)
async def test_a_session_that_has_used_up_its_audio_ends_when_what_was_said_is_worked_off(door: Door) -> None:
    key = key_with(audio_minutes_per_day=(SPEECH_S + 1) / 60)
    async with openai_api(settings=demanding(key)) as base_url:
        async with client_at(door, base_url, key) as client:
            await client.begin()
            sending = asyncio.create_task(client.speak(SPEECH * 3))
            events, code = await client.until_closed()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        error = error_in(door, events)
        assert (error["code"], error["param"], code) == ("usage_exceeded", "audio_minutes_per_day", 1008)
        if door.path != "/v1/realtime":  # which gives the transcript to those alone who ask for it
            assert HEARD[door.path] in [each["type"] for each in events]
        async with client_at(door, base_url, key) as client:
            events, code = await client.until_closed()
        assert (error_in(door, events)["code"], code) == ("usage_exceeded", 1008)


@named(SOCKETS)
async def test_sessions_of_a_key_are_limited_until_one_ends(door: Door) -> None:
    key = key_with(sessions=1)
    async with openai_api(settings=demanding(key)) as base_url:
        async with ready_session_at(door, base_url, key), client_at(door, base_url, key) as second:
            events, code = await second.until_closed()
        assert (error_in(door, events)["code"], code) == ("too_many_sessions", 1013)
        async with asyncio.timeout(30):
            while not await _is_ready(door, base_url, key):  # which the first one has just left
                await asyncio.sleep(0.05)


@asynccontextmanager
async def ready_session_at(door: Door, base_url: str, key: NewKey) -> AsyncIterator[Client]:
    """A client whose session is open."""
    async with client_at(door, base_url, key) as client:
        await client.begin()
        await client.until_any(*READY)
        yield client


async def _is_ready(door: Door, base_url: str, key: NewKey) -> bool:
    """Whether a new session is let in."""
    try:
        async with ready_session_at(door, base_url, key):
            return True
    except ConnectionClosed:
        return False


@named(SOCKETS)
async def test_a_new_socket_is_a_request_of_its_key(door: Door) -> None:
    key = key_with(requests_per_minute=1)
    async with openai_api(settings=demanding(key)) as base_url:
        async with ready_session_at(door, base_url, key):
            pass
        async with client_at(door, base_url, key) as second:
            events, code = await second.until_closed()
    assert (error_in(door, events)["code"], code) == ("rate_limited", 1008)


@named(SOCKETS)
async def test_a_session_ends_when_its_key_is_revoked(door: Door, tmp_path: Path) -> None:
    key, path = key_with(), tmp_path / "keys.json"
    change_keys(path, lambda _: (key.key,))
    settings = GatewaySettings(access=AccessSettings(keys_file=str(path)))
    async with openai_api(settings=settings) as base_url, ready_session_at(door, base_url, key) as client:
        change_keys(path, lambda _: ())
        events, code = await client.until_closed()
    assert (error_in(door, events)["code"], code) == ("invalid_api_key", 1008)


async def test_texts_of_a_realtime_session_are_charged() -> None:
    key = key_with(characters_per_day=10)
    door = next(each for each in SOCKETS if each.path == "/v1/realtime")
    async with openai_api(settings=demanding(key)) as base_url, client_at(door, base_url, key) as client:
        await client.begin()
        statuses = []
        for text in ("Bom dia.", "Até já."):
            content = [{"type": "input_text", "text": text}]
            item = {"type": "message", "role": "user", "content": content}
            await client._send(type="conversation.item.create", item=item)
            await client._send(type="response.create", response={"output_modalities": ["text"]})
            statuses.append(await _status_of_response(client))
    assert statuses == ["completed", "failed"]


async def _status_of_response(client: Client) -> str:
    async with asyncio.timeout(60):
        while (event := json.loads(await client._socket.recv()))["type"] != "response.done":
            pass
    status: str = event["response"]["status"]
    return status


async def test_a_request_that_is_refused_costs_nothing() -> None:
    key = key_with(characters_per_day=5)
    async with rest(key) as client:
        body = {"text": "seis!!", "source_language": "pt", "target_language": "en"}
        assert (await client.post("/api/v1/translation/translate", json=body)).status_code == 429
        assert await left(client, "characters") == 5
