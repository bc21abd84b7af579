"""The WebSocket of the bridge API over fake stages: sessions are opened, resumed, replaced and refused."""

import asyncio
import logging
import re

import pytest

from sokuji.config import GatewaySettings, Limits, StreamingSettings
from tests.api.bridge.asgi_client import connected_service, finish
from tests.api.connections import FakeConnection
from tests.support.fake_stages import FakeTts
from tests.support.knobs import Knobs
from tests.support.speech import sample, silence

SESSION_ID = "0123456789abcdef" * 2


async def test_messages_before_config_are_errors_after_which_a_session_can_still_be_opened() -> None:
    async with connected_service() as server:
        client = server.connect()
        client.speak()
        for kind in ("flush", "cancel"):
            client.send(type=kind)
        client.send(type="audio", data="AAAA")
        for kind in ("audio", "flush", "cancel", "audio"):
            error = await client.until("error")
            assert (error["message"].split()[0], error["param"], error["fatal"]) == (kind, "type", False)
        client.configure(voice_id="nobody")
        assert (await client.until("error"))["param"] == "voice_id"
        client.configure()
        assert len((await client.until("ready"))["session_id"]) == 32
        await finish(client)


async def test_a_resumed_session_keeps_its_id_and_its_times() -> None:
    async with connected_service() as server:
        client = server.connect()
        client.configure(session_id=SESSION_ID, resume_from_ms=60_000, resume_text="")
        assert (await client.until("ready"))["session_id"] == SESSION_ID
        client.speak()
        client.send(type="end")
        ack = await client.until("ack")
        while ack["through_ms"] != 61_000:
            assert 60_000 < ack["through_ms"] < 61_000
            ack = await client.until("ack")
        await client.until("close")


async def test_only_the_first_config_can_resume() -> None:
    async with connected_service(GatewaySettings(limits=Limits(max_session_s=3_600))) as server:
        client = server.connect()
        client.configure(session_id=SESSION_ID, resume_from_ms=3_600_001)
        assert (await client.until("error"))["param"] == "resume_from_ms"
        client.configure()
        await client.until("ready")
        client.configure(session_id=SESSION_ID, resume_from_ms=0)
        error = await client.until("error")
        assert (error["param"], error["fatal"]) == ("session_id", False)
        client.configure(target_languages=["pt"])
        assert (await client.until("ready"))["target_languages"] == ["en", "pt"]
        await finish(client)


async def test_a_client_that_connects_again_replaces_its_former_connection() -> None:
    async with connected_service() as server:
        old = server.connect()
        old.configure()
        session_id = (await old.until("ready"))["session_id"]
        new = server.connect()
        new.configure(session_id=session_id, resume_from_ms=0)
        assert (await new.until("ready"))["session_id"] == session_id
        error = await old.until("error")
        assert (error["code"], error["fatal"]) == ("replaced", True)
        assert await old.until("close") == {"type": "close", "code": 1008, "reason": "replaced"}
        await finish(new)


async def test_only_resumed_sessions_are_admitted_while_the_service_is_behind() -> None:
    async with connected_service() as server:
        late = FakeConnection(lag_ms=60_000)
        sessions = server.service.sessions
        with sessions.admit(late, "a", Limits()), sessions.hold("f" * 32, late):
            refused = server.connect()
            refused.configure()
            error = await refused.until("error")
            assert (error["code"], error["fatal"]) == ("overloaded", True)
            assert "60 s behind" in error["message"]
            assert (await refused.until("close"))["code"] == 1013
            resumed = server.connect()
            resumed.configure(session_id=SESSION_ID, resume_from_ms=0)
            await resumed.until("ready")
        new = server.connect()
        new.configure()
        await new.until("ready")
        await finish(new)
        await finish(resumed)


@pytest.mark.slow
async def test_the_lag_of_a_client_that_does_not_read_keeps_no_other_client_out() -> None:
    settings = GatewaySettings(streaming=StreamingSettings(max_lag_s=0.1))
    async with connected_service(settings, FakeTts(400)) as server:
        unreading = server.connect(max_unread=5)
        unreading.configure()
        unreading.speak(sample("pt", "ola_mundo") + silence(1_500))
        await asyncio.sleep(2.5)
        new = server.connect()
        new.configure()
        await new.until("ready")
        await finish(new)
        await finish(unreading)


async def test_draining_closes_connections_with_and_without_a_session_with_1012() -> None:
    async with connected_service() as server:
        unconfigured, configured = server.connect(), server.connect()
        configured.configure()
        await configured.until("ready")
        server.service.drain()
        assert (await configured.until("draining"))["reconnect_within_ms"] > 0
        assert (await configured.until("close"))["code"] == 1012
        assert (await unconfigured.until("close"))["code"] == 1012


@pytest.mark.knob("gateway.limits.ws_max_connections")
async def test_connections_beyond_the_limit_are_closed_with_1013(knob: Knobs) -> None:
    for places in (1, 2):
        limits = Limits(ws_max_connections=places)
        async with connected_service(GatewaySettings(limits=limits)) as server:
            held = [server.connect() for _ in range(places)]
            for client in held:
                client.configure()
                await client.until("ready")
            late = server.connect()
            late.configure()
            refusal = (await late.until("error"))["message"]
            assert f"all {places} session places" in refusal
            assert (await late.until("close"))["code"] == 1013
            for client in held:
                await finish(client)
        knob.observe("gateway.limits.ws_max_connections", limits, refusal)


async def test_sockets_without_a_session_are_few_for_an_address_and_keep_nobody_out() -> None:
    for places in (1, 2):
        limits = Limits(ws_max_client_unopened=places, ws_max_client_connections=places + 1)
        async with connected_service(GatewaySettings(limits=limits)) as server:
            silent = [server.connect() for _ in range(places)]
            await asyncio.sleep(0.05)
            refused = server.connect()
            refusal = (await refused.until("error"))["message"]
            assert f"{places} connections of your address have no session" in refusal
            assert (await refused.until("close"))["code"] == 1013
            silent[0].configure()
            await silent[0].until("ready")
            later = server.connect()
            later.configure()
            await later.until("ready")
            one_too_many = server.connect()
            refusal += (await one_too_many.until("error"))["message"]
            assert f"your address has {places + 1} sessions already" in refusal
            for client in (*silent, later):
                client.leave()


@pytest.mark.knob("gateway.limits.ws_max_message_size")
async def test_a_message_above_the_limit_is_an_error_and_the_session_goes_on(knob: Knobs) -> None:
    for size, refused in ((1_999, 1), (2_000, 0)):
        limits = Limits(ws_max_message_size=size)
        async with connected_service(GatewaySettings(limits=limits)) as server:
            client = server.connect()
            client.configure()
            await client.until("ready")
            client.speak(bytes(2_000))
            for _ in range(refused):
                error = await client.until("error")
                assert (error["code"], error["fatal"]) == ("too_large", False)
            await finish(client)
        knob.observe("gateway.limits.ws_max_message_size", limits, refused)


def logged_ids(caplog: pytest.LogCaptureFixture) -> set[str]:
    return {session_id for line in caplog.messages for session_id in re.findall("[0-9a-f]{32}", line)}


async def test_all_log_lines_of_a_resumed_session_carry_its_one_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with connected_service() as server:
        client = server.connect()
        client.configure(session_id=SESSION_ID, resume_from_ms=0)
        await client.until("ready")
        await finish(client)
    assert logged_ids(caplog) == {SESSION_ID}
    assert f"session {SESSION_ID} opened" in caplog.messages
    assert f"session {SESSION_ID} closed" in caplog.messages


async def test_a_connection_that_opens_no_session_is_logged_without_an_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = GatewaySettings(limits=Limits(ws_max_connections=1))
    async with connected_service(settings) as server:
        unconfigured = server.connect()
        refused = server.connect()
        assert (await refused.until("close"))["code"] == 1013
        unconfigured.leave()
    assert logged_ids(caplog) == set()
    assert "a connection without session: the client has left" in caplog.messages
