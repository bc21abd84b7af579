"""Settings that are applied to a running service hold for what is under way, without losing count of it."""

import pytest

from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings, Limits
from sokuji.errors import Overloaded
from tests.api.connections import FakeConnection
from tests.support.fake_stages import ready_pipeline


async def test_a_service_that_is_set_to_drain_takes_no_session_until_that_is_taken_back() -> None:
    service = Service(await ready_pipeline(), GatewaySettings(draining=True))
    with pytest.raises(Overloaded, match="connect again"), service.session_slot(FakeConnection()):
        pass
    service.apply(GatewaySettings())
    with service.session_slot(FakeConnection()):
        assert len(service.sessions) == 1


async def test_setting_it_to_drain_reaches_the_connections_that_are_open() -> None:
    service, connection = Service(await ready_pipeline(), GatewaySettings()), FakeConnection()
    with service.session_slot(connection):
        service.apply(GatewaySettings(draining=True))
        service.apply(GatewaySettings(draining=True))
    assert connection.drained == 1


async def test_slots_in_use_stay_in_use_when_settings_are_applied() -> None:
    service = Service(await ready_pipeline(), GatewaySettings(recording_concurrency=3))
    async with service.recordings:
        with service.request_slot(), service.upload_slot():
            limits = Limits(max_concurrent_requests=1, max_concurrent_uploads=1)
            service.apply(GatewaySettings(limits=limits, deadlines=Deadlines(stt_s=29)))
            assert (service.recordings.in_use, service.recordings.limit) == (1, 2)
            for slot in (service.request_slot, service.upload_slot):
                with pytest.raises(Overloaded, match="^1 "), slot():
                    pass
        with service.request_slot(), service.upload_slot():
            pass
    assert service.recordings.in_use == 0
