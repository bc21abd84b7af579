"""What a load balancer is told: whether the gateway lives, and whether a translation would work now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sokuji.api.service import Service
from sokuji.config import GatewaySettings, ResilienceSettings
from sokuji.errors import ProviderFailed, ProviderUnavailable
from sokuji.pipeline.members import MAX_MISSES, StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import client_of, error_of, rest_client

READY = {"stt": "ready", "translation": "ready", "tts": "ready"}


async def ready(client: httpx.AsyncClient, **query: str) -> tuple[int, Mapping[str, Any]]:
    response = await client.get("/health/ready", params=query)
    return response.status_code, response.json()


async def test_a_gateway_that_is_up_is_alive_and_ready() -> None:
    async with rest_client() as (client, _):
        alive = await client.get("/health/live")
        assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
        assert await ready(client) == (200, {"status": "ready", "stages": READY, "reason": None})


async def test_a_gateway_that_starts_is_alive_and_not_ready() -> None:
    starting = Service(Pipeline(StageProviders([], [], []), GatewaySettings().deadlines), GatewaySettings())
    async with client_of(starting) as client:
        assert (await client.get("/health/live")).status_code == 200
        status, body = await ready(client, source="pt", target="en")
    assert (status, set(body["stages"].values())) == (503, {"starting"})


@pytest.mark.parametrize("down", ["stt", "translation", "tts"])
async def test_without_the_only_provider_of_a_stage_no_translation_would_work(down: str) -> None:
    stt, translator, tts = FakeStt(), FakeTranslator(), FakeTts()
    fakes: dict[str, FakeStt | FakeTranslator | FakeTts] = {
        "stt": stt, "translation": translator, "tts": tts,
    }  # fmt: skip
    fake = fakes[down]
    async with rest_client(stt, translator, tts) as (client, service):
        fake.down = ProviderUnavailable("gone")
        for _ in range(MAX_MISSES):
            await service.pipeline.refresh()
        status, body = await ready(client)
        assert (status, body["stages"]) == (503, READY | {down: "unreachable"})
        assert (await ready(client, stage=down))[0] == 503
        for other in READY.keys() - {down}:
            assert (await ready(client, stage=other))[0] == 200
        # People and programs that read /health get 200 as before.
        assert (await client.get("/health")).status_code == 200
        fake.down = None
        await service.pipeline.refresh()
        assert (await ready(client))[0] == 200


async def test_a_provider_that_answers_and_keeps_failing_is_not_ready() -> None:
    translator = FakeTranslator(ProviderFailed("broken"))
    async with rest_client(translator=translator) as (client, service):
        service.pipeline.resilience = ResilienceSettings(circuit_breaker_threshold=1)
        body = {"text": "Hello.", "source_language": "en", "target_language": "pt"}
        assert (await client.post("/api/v1/translation/translate", json=body)).status_code == 502
        status, answer = await ready(client)
        assert (status, answer["stages"]["translation"]) == (503, "failing")


async def test_a_gateway_that_drains_is_not_ready() -> None:
    async with rest_client() as (client, service):
        service.drain()
        status, body = await ready(client)
    assert (status, body["reason"]) == (503, "this replica is shutting down")
    assert body["stages"] == READY


async def test_codes_are_taken_as_elsewhere() -> None:
    async with rest_client() as (client, _):
        for query in ({"source": "pt-BR", "target": "EN"}, {"source": "pt"}, {"target": "en"}):
            assert (await ready(client, **query))[0] == 200


async def test_each_pair_is_ready_by_what_it_needs_itself() -> None:
    portuguese, spanish, voices = FakeTranslator(), FakeTranslator(), FakeTts()
    portuguese.info = replace(portuguese.info, pairs=(("en", "pt"),))
    spanish.info = replace(spanish.info, provider="other", pairs=(("en", "es"),))
    pipeline = Pipeline(
        StageProviders([FakeStt()], [portuguese, spanish], [voices]), GatewaySettings().deadlines
    )
    await pipeline.refresh()
    async with client_of(Service(pipeline, GatewaySettings())) as client:
        assert (await ready(client, source="en", target="es"))[0] == 200
        spanish.down = ProviderUnavailable("gone")
        for _ in range(MAX_MISSES):
            await pipeline.refresh()
        status, body = await ready(client, source="en", target="es")
        assert (status, body["stages"]) == (503, READY)
        assert "'en' cannot be translated to 'es'" in body["reason"]
        assert (await ready(client, source="en", target="pt"))[0] == 200
        voices.down = ProviderUnavailable("gone")
        for _ in range(MAX_MISSES):
            await pipeline.refresh()
        assert (await ready(client, source="en", target="pt"))[0] == 503
        # Captions need no voice.
        assert (await ready(client, source="en", target="pt", speak="false"))[0] == 200


@pytest.mark.parametrize(("query", "param"), [("stage=vad", "stage"), ("to=en", "to"), ("speak=x", "speak")])
async def test_what_cannot_be_asked_is_an_error_of_the_caller(query: str, param: str) -> None:
    async with rest_client() as (client, _):
        refusal = error_of(await client.get(f"/health/ready?{query}"))
    assert refusal == (400, "invalid_request", param)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"source": "xx"}, "source"),
        ({"target": "klingon"}, "target"),
        ({"source": "ja"}, "source"),
        ({"source": "pt", "target": "zh"}, "target"),
    ],
)
async def test_a_pair_that_is_never_served_is_an_error_of_the_caller(
    query: dict[str, str], param: str
) -> None:
    async with rest_client() as (client, _):
        refusal = error_of(await client.get("/health/ready", params=query))
    assert refusal == (422, "unsupported_language", param)
