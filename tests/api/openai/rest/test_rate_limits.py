"""What is left of the limit on calls is told with each response, as OpenAI tells it."""

import openai
import pytest

from sokuji.config import GatewaySettings, Limits
from tests.support.openai_api import client_of, openai_api


def of_rate(headers: object) -> dict[str, str]:
    assert hasattr(headers, "items")
    return {name: value for name, value in headers.items() if name.startswith("x-ratelimit")}


async def test_each_response_says_what_is_left_and_a_refusal_when_to_come_again() -> None:
    settings = GatewaySettings(limits=Limits(requests_per_minute=2))
    async with (
        openai_api(settings=settings) as url,
        client_of(url) as client,
    ):
        first = await client.models.with_raw_response.list()
        with pytest.raises(openai.NotFoundError) as failed:
            await client.models.retrieve("nobody")
        with pytest.raises(openai.RateLimitError) as refused:
            await client.models.list()
    assert of_rate(first.headers) == {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": first.headers["x-ratelimit-reset-requests"],
    }
    assert 0 < float(first.headers["x-ratelimit-reset-requests"].removesuffix("s")) <= 60
    assert failed.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    headers = refused.value.response.headers
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert (refused.value.type, refused.value.code) == ("rate_limit_error", "rate_limited")
    assert 1 <= int(headers["retry-after"]) <= 60
    assert 1 <= int(headers["retry-after-ms"]) <= 60_000


async def test_without_a_limit_nothing_is_said_of_one() -> None:
    settings = GatewaySettings(limits=Limits(requests_per_minute=0))
    async with (
        openai_api(settings=settings) as url,
        client_of(url) as client,
    ):
        assert of_rate((await client.models.with_raw_response.list()).headers) == {}
