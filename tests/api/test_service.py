"""What a gateway replica does when it is about to end: everybody is told, nobody new is let in."""

import asyncio

import pytest

from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from sokuji.errors import Overloaded
from tests.support.fake_stages import ready_pipeline


async def test_every_session_is_told_once_to_move_elsewhere() -> None:
    service = Service(await ready_pipeline(), GatewaySettings())
    told: list[str] = []
    with (
        service.session_slot("a", lambda: told.append("a")),
        service.session_slot("b", lambda: told.append("b")),
    ):
        with service.session_slot("gone", lambda: told.append("gone")):
            pass
        service.drain()
        service.drain()
    assert told == ["a", "b"]


async def test_a_draining_replica_takes_no_session_until_it_is_told_otherwise() -> None:
    service = Service(await ready_pipeline(), GatewaySettings(draining=True))
    with pytest.raises(Overloaded, match="connect again"), service.session_slot("a", service.drain):
        pass
    service.apply(GatewaySettings())
    with service.session_slot("b", service.drain):
        assert list(service.sessions) == ["b"]


async def test_a_replica_is_empty_when_its_last_session_is_over() -> None:
    service = Service(await ready_pipeline(), GatewaySettings())
    await service.until_empty()
    with service.session_slot("a", service.drain):
        with service.session_slot("b", service.drain):
            empty = asyncio.create_task(service.until_empty())
        await asyncio.sleep(0)
        assert not empty.done()
    await empty
