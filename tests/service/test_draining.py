"""A gateway replica that ends on a real Serve instance: sessions are told in time, and go on elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from launcher import dashboard
from tests.service.conftest import RunningService
from tests.service.conversation import Client, Frame, connect
from tests.support.speech import noise, sample

CONFIG: dict[str, Any] = {
    "type": "config", "source_language": "pt", "target_language": "en", "output": "captions",
    "commit": "utterance",
}  # fmt: skip
SENTENCE = sample("pt", "ola_mundo")
PAUSE = noise(1_200)
MAX_SAID = 120 * 32_000


@pytest_asyncio.fixture
async def serve(service: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    """Serve's REST API."""
    async with dashboard.connect(service.dashboard) as client:
        yield client


async def states(serve: httpx.AsyncClient) -> list[str]:
    """States of the gateway's replicas."""
    (application,) = (await dashboard.details(serve))["applications"].values()
    return sorted(replica["state"] for replica in application["deployments"]["Gateway"]["replicas"])


async def speak_on(client: Client, pcm: bytes, speed: float = 1) -> None:
    """Send audio, by default in real time, and ignore a socket that has closed."""
    with contextlib.suppress(ConnectionClosed):
        await client.speak(pcm, speed=speed)


async def talk_until_draining(client: Client) -> bytes:
    """Send whole sentences until the service announces the drain, two minutes at most; all audio sent."""
    said = b""
    while not client.of("draining") and len(said) < MAX_SAID:
        await speak_on(client, SENTENCE + PAUSE)
        said += SENTENCE + PAUSE
    return said


def finals(client: Client) -> list[Frame]:
    return [frame for frame in client.of("transcription") if frame["is_final"]]


@pytest_asyncio.fixture
async def drain(serve: httpx.AsyncClient) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Drain the gateway; after the test it accepts sessions again."""
    yield lambda: dashboard.change(serve, dashboard.GATEWAY, user_config={"draining": True})
    await dashboard.change(serve, dashboard.GATEWAY, user_config={"draining": False})


async def test_a_session_in_mid_sentence_may_finish_it_before_the_gateway_is_empty(
    drain: Callable[[], Awaitable[None]], socket_url: str
) -> None:
    half = len(SENTENCE) // 4 * 2
    async with connect(socket_url) as client:
        await client.say(**CONFIG)
        await client.speak(SENTENCE[:half], speed=1)
        await client.until("speech")
        draining = asyncio.ensure_future(drain())
        # Slowly, so that the sentence lasts until the drain, and without a gap, which would end it.
        speaking = asyncio.create_task(speak_on(client, SENTENCE[half:] + PAUSE, speed=0.25))
        assert (await client.until("draining"))["reconnect_within_ms"] > 0
        assert await client.closed() == 1012
        await asyncio.gather(speaking, draining)
    (sentence,) = finals(client)
    assert len(client.of("translation")) == 1
    assert client.of("ack")[-1]["through_ms"] >= sentence["end_ms"]
    async with connect(socket_url) as refused:
        assert await refused.closed() == 1013
    assert refused.of("error")[0]["code"] == "overloaded"


async def test_a_session_is_told_of_a_redeployment_and_goes_on_in_the_new_replica(
    serve: httpx.AsyncClient, socket_url: str
) -> None:
    async with connect(socket_url) as client:
        await client.say(**CONFIG)
        await client.until("ready")
        # Another share of a core makes Serve start a new replica.
        replaced = asyncio.create_task(
            dashboard.change(serve, dashboard.GATEWAY, ray_actor_options={"num_cpus": 0.1})
        )
        talking = asyncio.create_task(talk_until_draining(client))
        await client.until("draining", timeout_s=120)
        assert await states(serve) == ["RUNNING", "STOPPING"]
        said = await talking
        assert await client.closed() == 1012

    ack = client.of("ack")[-1]
    async with connect(socket_url) as resumed:
        resumption = {
            "session_id": client.of("ready")[0]["session_id"],
            "resume_from_ms": ack["through_ms"],
            "resume_text": ack.get("text", ""),
        }
        await resumed.say(**CONFIG, **resumption)
        await resumed.speak(said[32 * ack["through_ms"] :])
        await resumed.say(type="end")
        await resumed.until("done")
    heard = [frame for frame in finals(client) if frame["end_ms"] <= ack["through_ms"]] + finals(resumed)
    assert len(heard) == len(said) // len(SENTENCE + PAUSE)
    await replaced
    assert await states(serve) == ["RUNNING"]
