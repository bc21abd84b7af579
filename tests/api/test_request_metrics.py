"""REST calls are counted by door, route as declared, and status; refused ones too."""

import httpx
import pytest

from tests.support.metrics_page import total
from tests.support.rest_client import rest_client

SPEECH = {"text": "Hello.", "language": "en"}


async def counted(client: httpx.AsyncClient, **labels: str) -> float:
    return total((await client.get("/metrics")).text, "sokuji_http_requests_total", **labels)


@pytest.mark.parametrize(
    ("method", "path", "body", "labels"),
    [
        ("POST", "/api/v1/tts/synthesize", SPEECH, ("bridge", "/api/v1/tts/synthesize", "200")),
        ("POST", "/api/v1/tts/synthesize", {}, ("bridge", "/api/v1/tts/synthesize", "400")),
        ("GET", "/v1/models", None, ("openai", "/v1/models", "200")),
        ("GET", "/v1/models/a-name-of-the-caller", None, ("openai", "/v1/models/{model_id:path}", "404")),
        ("GET", "/languages", None, ("libretranslate", "/languages", "200")),
        ("GET", "/nowhere/at/all", None, ("service", "unrouted", "404")),
        ("GET", "/health/live", None, ("service", "/health/live", "200")),
    ],
)
async def test_a_call_is_counted_once(
    method: str, path: str, body: dict[str, str] | None, labels: tuple[str, str, str]
) -> None:
    named = dict(zip(("door", "route", "status"), labels, strict=True))
    async with rest_client() as (client, _):
        before = await counted(client, **named)
        assert str((await client.request(method, path, json=body)).status_code) == labels[2]
        assert await counted(client, **named) == before + 1
        page = (await client.get("/metrics")).text
    assert total(page, "sokuji_http_request_duration_seconds_count", route=labels[1]) >= 1
    assert "a-name-of-the-caller" not in page


async def test_a_call_that_the_limit_refuses_is_counted() -> None:
    async with rest_client(requests_per_minute=1) as (client, _):
        refused = {"door": "openai", "route": "unrouted", "status": "429"}
        before = await counted(client, **refused)
        for _ in range(3):
            await client.get("/v1/models")
        assert await counted(client, **refused) == before + 2


async def test_a_call_under_the_prefix_of_a_proxy_is_counted_for_its_route() -> None:
    async with rest_client() as (client, _):
        before = await counted(client, door="openai", route="/v1/models")
        response = await client.get("/v1/models", headers={"X-Forwarded-Prefix": "/speech"})
        assert response.status_code == 200
        assert await counted(client, door="openai", route="/v1/models") == before + 1
