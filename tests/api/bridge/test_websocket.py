"""The WebSocket door in one process: what opens, resumes, replaces and refuses a conversation, over fakes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from sokuji.api.bridge.websocket import translate_socket
from sokuji.api.service import Service
from sokuji.api.sessions import Sessions
from sokuji.config import GatewaySettings, Limits, StreamingSettings
from tests.support.fakes import FakeTts, ready_pipeline
from tests.support.knobs import Knobs
from tests.support.speech import sample, silence

SESSION_ID = "0123456789abcdef" * 2
SECOND = bytes(32_000)


class Late:
    """A conversation whose output is a minute late."""

    lag_ms = 60_000

    def replace(self) -> None:
        raise AssertionError("nobody has come back")


class Caller:
    """A client on an ASGI socket of its own."""

    def __init__(self, most_unread: int = 0) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.told: asyncio.Queue[Message] = asyncio.Queue(most_unread)
        self.sent.put_nowait({"type": "websocket.connect"})

    @property
    def socket(self) -> WebSocket:
        scope = {"type": "websocket", "client": ("127.0.0.1", 5), "path": "/", "headers": []}
        return WebSocket(scope, self.sent.get, self.told.put)

    def say(self, **message: Any) -> None:
        self.sent.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def configure(self, **fields: Any) -> None:
        self.say(type="config", target_language="en", **fields)

    def speak(self, pcm: bytes = SECOND) -> None:
        self.sent.put_nowait({"type": "websocket.receive", "bytes": pcm})

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a kind; ``close`` has the code."""
        while True:
            message = await asyncio.wait_for(self.told.get(), 10)
            if message["type"] == "websocket.close":
                assert kind == "close", message
                return {"code": message["code"], "reason": message["reason"]}
            if "text" in message and (frame := json.loads(message["text"]))["type"] == kind:
                found: dict[str, Any] = frame
                return found


class Doors:
    """A service, and the connections to it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.conversations = Sessions()
        self.serving: list[asyncio.Task[None]] = []

    def connect(self, most_unread: int = 0) -> Caller:
        caller = Caller(most_unread)
        serving = translate_socket(caller.socket, self.service, self.conversations)
        self.serving.append(asyncio.create_task(serving))
        return caller


@asynccontextmanager
async def doors(settings: GatewaySettings | None = None, tts: FakeTts | None = None) -> AsyncIterator[Doors]:
    """Doors whose connections must all have come to an end by themselves."""
    service = Service(await ready_pipeline(tts=tts), settings or GatewaySettings())
    opened = Doors(service)
    yield opened
    await asyncio.wait_for(asyncio.gather(*opened.serving), 10)
    assert not service.sessions


async def finish(caller: Caller) -> None:
    caller.say(type="end")
    await caller.until("done")
    assert (await caller.until("close"))["code"] == 1000


async def test_whatever_comes_before_config_is_an_error_and_the_conversation_begins_all_the_same() -> None:
    async with doors() as service:
        caller = service.connect()
        caller.speak()
        for kind in ("flush", "end", "cancel"):
            caller.say(type=kind)
        caller.say(type="audio", data="AAAA")
        for kind in ("audio", "flush", "end", "cancel", "audio"):
            error = await caller.until("error")
            assert (error["message"].split()[0], error["param"], error["fatal"]) == (kind, "type", False)
        caller.configure(voice_id="nobody")
        assert (await caller.until("error"))["param"] == "voice_id"
        caller.configure()
        assert len((await caller.until("ready"))["session_id"]) == 32
        await finish(caller)


async def test_a_resumed_session_keeps_its_id_and_its_time() -> None:
    async with doors() as service:
        caller = service.connect()
        caller.configure(session_id=SESSION_ID, resume_from_ms=60_000, resume_text="")
        assert (await caller.until("ready"))["session_id"] == SESSION_ID
        caller.speak()
        caller.say(type="end")
        ack = await caller.until("ack")
        while ack["through_ms"] != 61_000:
            assert 60_000 < ack["through_ms"] < 61_000
            ack = await caller.until("ack")
        await caller.until("close")


async def test_only_the_first_config_can_resume() -> None:
    async with doors(GatewaySettings(limits=Limits(max_session_s=3_600))) as service:
        caller = service.connect()
        caller.configure(session_id=SESSION_ID, resume_from_ms=3_600_001)
        assert (await caller.until("error"))["param"] == "resume_from_ms"
        caller.configure()
        await caller.until("ready")
        caller.configure(session_id=SESSION_ID, resume_from_ms=0)
        error = await caller.until("error")
        assert (error["param"], error["fatal"]) == ("session_id", False)
        caller.configure(target_languages=["pt"])
        assert (await caller.until("ready"))["target_languages"] == ["en", "pt"]
        await finish(caller)


async def test_a_client_that_is_back_before_its_loss_was_noticed_replaces_its_old_connection() -> None:
    async with doors() as service:
        old = service.connect()
        old.configure()
        session_id = (await old.until("ready"))["session_id"]
        new = service.connect()
        new.configure(session_id=session_id, resume_from_ms=0)
        assert (await new.until("ready"))["session_id"] == session_id
        error = await old.until("error")
        assert (error["code"], error["fatal"]) == ("replaced", True)
        assert await old.until("close") == {"code": 1008, "reason": "replaced"}
        await finish(new)


async def test_while_the_service_is_behind_only_conversations_that_are_resumed_come_in() -> None:
    async with doors() as service:
        with service.conversations.hold("f" * 32, Late()):
            refused = service.connect()
            refused.configure()
            error = await refused.until("error")
            assert (error["code"], error["fatal"]) == ("overloaded", True)
            assert "60 s behind" in error["message"]
            assert (await refused.until("close"))["code"] == 1013
            resumed = service.connect()
            resumed.configure(session_id=SESSION_ID, resume_from_ms=0)
            await resumed.until("ready")
        new = service.connect()
        new.configure()
        await new.until("ready")
        await finish(new)
        await finish(resumed)


async def test_a_client_that_does_not_read_keeps_nobody_out() -> None:
    settings = GatewaySettings(streaming=StreamingSettings(max_lag_s=0.1))
    async with doors(settings, FakeTts(400)) as service:
        deaf = service.connect(most_unread=5)
        deaf.configure()
        deaf.speak(sample("pt", "ola_mundo") + silence(1_500))
        await asyncio.sleep(2.5)
        new = service.connect()
        new.configure()
        await new.until("ready")
        await finish(new)
        await finish(deaf)


async def test_draining_closes_with_the_code_that_says_come_back() -> None:
    async with doors() as service:
        silent, talking = service.connect(), service.connect()
        talking.configure()
        await talking.until("ready")
        for drain in list(service.service.sessions.values()):
            drain()
        assert (await talking.until("draining"))["reconnect_within_ms"] > 0
        assert (await talking.until("close"))["code"] == 1012
        assert (await silent.until("close"))["code"] == 1012


@pytest.mark.knob("gateway.limits.ws_max_connections")
async def test_there_are_so_many_places_and_no_more(knob: Knobs) -> None:
    for places in (1, 2):
        limits = Limits(ws_max_connections=places)
        async with doors(GatewaySettings(limits=limits)) as service:
            held = [service.connect() for _ in range(places)]
            for caller in held:
                caller.configure()
                await caller.until("ready")
            late = service.connect()
            late.configure()
            refusal = (await late.until("error"))["message"]
            assert f"all {places} session places" in refusal
            assert (await late.until("close"))["code"] == 1013
            for caller in held:
                await finish(caller)
        knob.observe("gateway.limits.ws_max_connections", limits, refusal)


@pytest.mark.knob("gateway.limits.ws_max_message_size")
async def test_a_message_may_be_so_long_and_no_longer(knob: Knobs) -> None:
    for size, refused in ((1_999, 1), (2_000, 0)):
        limits = Limits(ws_max_message_size=size)
        async with doors(GatewaySettings(limits=limits)) as service:
            caller = service.connect()
            caller.configure()
            await caller.until("ready")
            caller.speak(bytes(2_000))
            for _ in range(refused):
                error = await caller.until("error")
                assert (error["code"], error["fatal"]) == ("too_large", False)
            await finish(caller)
        knob.observe("gateway.limits.ws_max_message_size", limits, refused)
