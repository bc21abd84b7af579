"""Settings that are applied to a running service hold for what is under way, without losing count of it."""

import asyncio

import pytest

from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings, Limits
from sokuji.errors import Overloaded
from sokuji.session.session import Session
from tests.api.connections import FakeConnection
from tests.support.fake_stages import ready_pipeline
from tests.support.session_scenarios import UTTERANCES


async def test_a_service_that_is_set_to_drain_takes_no_session_until_that_is_taken_back() -> None:
    service = Service(await ready_pipeline(), GatewaySettings(draining=True))
    with pytest.raises(Overloaded, match="connect again"), service.session_slot(FakeConnection(), "a"):
        pass
    service.apply(GatewaySettings())
    with service.session_slot(FakeConnection(), "a"):
        assert len(service.sessions) == 1


async def test_setting_it_to_drain_reaches_the_connections_that_are_open() -> None:
    service, connection = Service(await ready_pipeline(), GatewaySettings()), FakeConnection()
    with service.session_slot(connection, "a"):
        service.apply(GatewaySettings(draining=True))
        service.apply(GatewaySettings(draining=True))
    assert connection.drained == 1


async def test_slots_in_use_stay_in_use_when_settings_are_applied() -> None:
    service = Service(await ready_pipeline(), GatewaySettings(recording_concurrency=3))
    async with service.recordings:
        with service.request_slot(), service.uploads.place():
            limits = Limits(max_concurrent_requests=1, max_concurrent_uploads=1)
            service.apply(GatewaySettings(limits=limits, deadlines=Deadlines(stt_s=29)))
            assert (service.recordings.in_use, service.recordings.limit) == (1, 2)
            for slot in (service.request_slot, service.uploads.place):
                with pytest.raises(Overloaded, match="^1 "), slot():
                    pass
        with service.request_slot(), service.uploads.place():
            pass
    assert service.recordings.in_use == 0


async def leave(session: Session) -> None:
    """End a session as when its client has gone."""
    run = asyncio.create_task(session.run())
    await asyncio.sleep(0)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def test_the_sessions_of_a_service_share_one_limit_of_what_waits_on_disk() -> None:
    def total(limit_bytes: int) -> GatewaySettings:
        return GatewaySettings(limits=Limits(max_total_waiting_bytes=limit_bytes))

    service = Service(await ready_pipeline(), total(2**30))
    first, second = service.new_session(), service.resumed_session("second", 0, "")
    for session in (first, second):
        session.configure(UTTERANCES)
        session.feed(bytes(2**20))
    first.feed(bytes(2**21))
    await first.hold_back()
    service.apply(total(2**21))
    second.feed(bytes(2))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.hold_back(), 0.05)
    await leave(first)
    await leave(second)
    third = service.new_session()
    third.configure(UTTERANCES)
    third.feed(bytes(2**21))
    await third.hold_back()
    await leave(third)
