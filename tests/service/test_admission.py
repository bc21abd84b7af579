"""A real service that is full refuses the next session at once, until there is room again."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from launcher import dashboard
from tests.service.conftest import RunningService
from tests.service.conversation import connect

GATEWAY = "Gateway"
PT_TO_EN = {"source_language": "pt", "target_language": "en"}
ONE_SESSION = {"enabled": True, "initial_sessions": 1, "max_load": 0.01}


@pytest_asyncio.fixture
async def full_with_one(service: RunningService) -> AsyncIterator[None]:
    """The service has room for one session; at the end load is no reason to refuse any, as before."""
    async with dashboard.connect(service.dashboard) as serve:
        await dashboard.change(serve, GATEWAY, user_config={"admission": ONE_SESSION})
        yield
        await dashboard.change(serve, GATEWAY, user_config={"admission": {"enabled": False}})


async def test_a_session_for_which_there_is_no_room_is_refused_and_may_come_back(
    full_with_one: None, http: httpx.AsyncClient, socket_url: str
) -> None:
    async with connect(socket_url) as first:
        await first.say(type="config", **PT_TO_EN)
        await first.until("ready")
        async with connect(socket_url) as second:
            await second.say(type="config", **PT_TO_EN)
            refusal = await second.until("error")
            assert (refusal["code"], refusal["fatal"]) == ("overloaded", True)
            assert "no room for another session" in refusal["message"]
            assert refusal["retry_after_s"] >= 1
            assert await second.closed() == 1013
        health = (await http.get("/health")).json()["admission"]
        assert health["refused"]["busy"] >= 1
        await first.say(type="end")
        await first.until("done")
    async with connect(socket_url) as again:
        await again.say(type="config", **PT_TO_EN)
        await again.until("ready")
        await again.say(type="end")
        await again.until("done")
