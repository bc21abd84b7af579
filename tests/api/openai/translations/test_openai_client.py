"""The ``openai`` package against the translation door over a real socket: its helpers, as they are."""

import json
from collections.abc import Iterator

import pytest
import websockets
from openai import AsyncOpenAI, OpenAI
from openai.lib.realtime_translation import AsyncTranslationSession, TranslationSession
from openai.types.realtime import RealtimeTranslationSessionUpdateRequestParam
from openai.types.websocket_reconnection import ReconnectingEvent, ReconnectingOverrides
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.api.openai.translations.events import Event, appends, audio_of, check, spoken, text_of
from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt

MODEL = "gpt-realtime-translate"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api(FakeStt(language="pt")) as url:
        yield f"{url}/v1"


def assert_translated(received: list[Event]) -> None:
    for event in received:
        check(event)
    assert [received[0]["type"], received[-1]["type"]] == ["session.created", "session.closed"]
    assert text_of(received, "output_transcript").startswith("en: utterance")
    assert text_of(received, "input_transcript").startswith("utterance")
    assert audio_of(received)


SETTINGS: RealtimeTranslationSessionUpdateRequestParam = {
    "audio": {"input": {"transcription": {"model": "whisper-1"}}, "output": {"language": "en"}}
}


# The package opens its socket in a way that websockets is about to drop.
@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")
def test_the_synchronous_helper(url: str) -> None:
    with OpenAI(base_url=url, api_key="sk-any") as client:
        received: list[Event] = []
        with TranslationSession(client.realtime.translations, model=MODEL) as session:
            session.send({"type": "session.update", "session": SETTINGS})
            for event in appends(spoken()):
                session.send({"type": "session.input_audio_buffer.append", "audio": event["audio"]})
            session.send({"type": "session.close"})
            session.send({"type": "session.close"})
            while not received or received[-1]["type"] != "session.closed":
                received.append(session.recv().to_dict())
    assert_translated(received)


async def test_the_asynchronous_helper(url: str) -> None:
    async with AsyncOpenAI(base_url=url, api_key="sk-any") as client:
        received: list[Event] = []
        async with AsyncTranslationSession(client.realtime.translations, model=MODEL) as session:
            await session.send({"type": "session.update", "session": SETTINGS})
            for event in appends(spoken()):
                await session.send({"type": "session.input_audio_buffer.append", "audio": event["audio"]})
            await session.send({"type": "session.close"})
            while not received or received[-1]["type"] != "session.closed":
                received.append((await session.recv()).to_dict())
    assert_translated(received)


async def test_the_resources_of_a_connection(url: str) -> None:
    async with AsyncOpenAI(base_url=url, api_key="sk-any") as client:
        received: list[Event] = []
        async with client.realtime.translations.connect(model=MODEL) as connection:
            await connection.session.update(session=SETTINGS)
            for event in appends(spoken()):
                await connection.session.input_audio_buffer.append(audio=event["audio"])
            await connection.session.close(event_id="the-end")
            async for event_object in connection:
                received.append(event_object.to_dict())
    assert_translated(received)


async def test_a_browser_opens_a_session_with_a_client_secret(url: str) -> None:
    async with AsyncOpenAI(base_url=url, api_key="sk-any") as client:
        made = await client.realtime.translations.client_secrets.create(
            session={"model": MODEL, "audio": {"output": {"language": "pt"}}},
            expires_after={"anchor": "created_at", "seconds": 60},
        )
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{made.value}")]
    address = url.replace("http", "ws") + "/realtime/translations"
    async with connect(address, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        created = check(json.loads(await socket.recv()))
        assert created["session"]["model"] == MODEL
        assert created["session"]["audio"]["output"]["language"] == "pt"
    broken = [offered[0], Subprotocol(offered[1][:-4] + "AAAA")]
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(address, subprotocols=broken)
    assert refusal.value.response.status_code == 401
    assert b"invalid_api_key" in (refusal.value.response.body or b"")


async def test_a_reconnecting_client_goes_on_where_it_lost_its_connection(url: str) -> None:
    """``on_reconnecting`` of the package puts the extension into the URL."""
    received: list[Event] = []
    losses: list[int] = []
    where: dict[str, object] = {}

    def resume(event: ReconnectingEvent) -> ReconnectingOverrides:
        losses.append(event.close_code)
        return {"extra_query": where}

    pcm = spoken() * 2
    async with AsyncOpenAI(base_url=url, api_key="sk-any") as client:
        connecting = client.realtime.translations.connect(
            model=MODEL, extra_query={"acknowledgements": "true"}, on_reconnecting=resume, initial_delay=0.01
        )
        async with connecting as connection:
            for each in appends(pcm[: len(pcm) * 3 // 4]):
                await connection.session.input_audio_buffer.append(audio=each["audio"])
            async for parsed in connection:
                event = check(parsed.to_dict(), "session.acknowledged")
                if event["type"] == "session.created" and losses:
                    assert event["session"]["id"] == received[0]["session"]["id"]
                    for each in appends(pcm[48 * int(str(where["resume_from_ms"])) :]):
                        await connection.session.input_audio_buffer.append(audio=each["audio"])
                    await connection.session.close()
                received.append(event)
                if event["type"] == "session.acknowledged" and not losses and event["through_ms"] > 1_000:
                    where |= {
                        "session_id": received[0]["session"]["id"],
                        "resume_from_ms": event["through_ms"],
                        "resume_text": event["text"],
                        "acknowledgements": "true",
                    }
                    connection._connection.transport.abort()
    assert losses == [1006]
    assert received[-1]["type"] == "session.closed"
    assert received[-2]["through_ms"] == pytest.approx(len(pcm) / 48, abs=2)
    assert text_of(received, "output_transcript").count("en:") == 2
