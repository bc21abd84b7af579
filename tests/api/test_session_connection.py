"""The life of a connection is the same for every door: here a door that has no wire at all."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

from sokuji import events
from sokuji.api.service import Service
from sokuji.api.session_connection import ClientDisconnected, SessionConnection
from sokuji.config import GatewaySettings, Limits
from sokuji.errors import InvalidRequest, Overloaded, SokujiError
from sokuji.session.conversation import ConversationSettings
from sokuji.session.input import SessionTooLong
from sokuji.session.session import Session
from tests.api.connections import FakeConnection
from tests.support.clients import anonymous
from tests.support.fake_stages import ready_pipeline
from tests.support.speech import sample, silence

SESSION_ID = "0123456789abcdef" * 2
SETTINGS = GatewaySettings()


@dataclass
class ScriptedTransport:
    """Opens a session when it may, and fails as it is told."""

    service: Service
    resume: str | None = None
    open_error: Exception | None = None
    receive_error: Exception | None = None
    send_error: Exception | None = None
    speech: bytes = b""
    """Fed before the first error of ``receive``."""
    close_error: Exception | None = None
    open_timeout_s: float = 15
    door: str = "scripted"
    may_open: asyncio.Event = field(default_factory=asyncio.Event)
    may_receive: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[events.Event] = field(default_factory=list)
    closed: list[tuple[int, SokujiError | None]] = field(default_factory=list)

    async def open_session(self) -> Session:
        await self.may_open.wait()
        if self.open_error is not None:
            raise self.open_error
        if self.resume is None:
            session = self.service.new_session()
        else:
            session = self.service.resumed_session(self.resume, 0, "")
        session.configure(ConversationSettings(target_languages=("en",)))
        return session

    async def receive(self, session: Session) -> None:
        await self.may_receive.wait()
        session.feed(self.speech)
        if self.receive_error is not None:
            raise self.receive_error
        session.end()

    async def discard(self) -> NoReturn:
        while True:
            await asyncio.sleep(60)

    async def send(self, event: events.Event) -> None:
        if self.send_error is not None:
            raise self.send_error
        self.sent.append(event)
        self.ready.set()

    async def close(self, code: int, error: SokujiError | None) -> None:
        if self.close_error is not None:
            raise self.close_error
        self.closed.append((code, error))


async def service_of(settings: GatewaySettings = SETTINGS) -> Service:
    return Service(await ready_pipeline(), settings)


def serving(transport: ScriptedTransport) -> asyncio.Task[None]:
    connection = SessionConnection(transport, transport.service, anonymous())
    return asyncio.create_task(connection.serve())


async def ended(*connections: asyncio.Task[None]) -> None:
    await asyncio.wait_for(asyncio.gather(*connections), 10)


async def served(transport: ScriptedTransport) -> ScriptedTransport:
    """The transport of a connection that has come to its end."""
    transport.may_open.set()
    transport.may_receive.set()
    await ended(serving(transport))
    assert len(transport.service.sessions) == 0
    return transport


async def test_a_session_that_is_done_is_closed_with_1000() -> None:
    transport = await served(ScriptedTransport(await service_of()))
    assert isinstance(transport.sent[0], events.Ready)
    assert isinstance(transport.sent[-1], events.Done)
    assert transport.closed == [(1000, None)]


@pytest.mark.parametrize("point", ["open_error", "receive_error", "send_error"])
async def test_a_client_that_has_left_is_not_closed(point: str) -> None:
    transport = ScriptedTransport(await service_of())
    setattr(transport, point, ClientDisconnected())
    assert (await served(transport)).closed == []


@pytest.mark.parametrize("point", ["open_error", "receive_error", "send_error"])
async def test_an_error_that_ends_the_session_is_sent_with_its_close_code(point: str) -> None:
    transport, error = ScriptedTransport(await service_of()), InvalidRequest("one bad message too many")
    setattr(transport, point, error)
    assert (await served(transport)).closed == [(1008, error)]


@pytest.mark.parametrize(
    "error", [Overloaded("too far behind"), SessionTooLong("four hours"), InvalidRequest("100 bad messages")]
)
async def test_what_was_said_before_an_error_of_the_client_is_delivered_first(error: SokujiError) -> None:
    speech = sample("pt", "ola_mundo")
    transport = await served(
        ScriptedTransport(await service_of(), receive_error=error, speech=silence(300) + speech)
    )
    kinds = [type(event) for event in transport.sent]
    assert [kinds.count(kind) for kind in (events.Transcription, events.TranslationText)] == [1, 1]
    assert [event.last for event in transport.sent if isinstance(event, events.Audio)][-1]
    assert events.Done not in kinds
    assert transport.closed == [(error.close_code, error)]


@pytest.mark.parametrize("point", ["open_error", "receive_error", "send_error"])
async def test_an_unexpected_exception_is_logged_and_not_shown(
    point: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport = ScriptedTransport(await service_of())
    setattr(transport, point, RuntimeError("a secret"))
    ((code, error),) = (await served(transport)).closed
    assert code == 1011
    assert "secret" not in str(error)
    assert "RuntimeError" in caplog.text


async def test_a_client_that_has_left_before_it_is_closed_is_no_failure() -> None:
    await served(ScriptedTransport(await service_of(), close_error=ClientDisconnected()))


@pytest.mark.parametrize(
    ("limits", "code"),
    [(Limits(ws_max_connections=1), 1013), (Limits(requests_per_minute=1), 1008)],
)
async def test_a_refused_connection_is_closed_with_the_code_of_the_limit(limits: Limits, code: int) -> None:
    service = await service_of(GatewaySettings(limits=limits))
    await service.admit("127.0.0.1")
    with service.session_slot(FakeConnection(), "a"):
        transport = ScriptedTransport(service)
        await ended(serving(transport))
    assert [closed for closed, _ in transport.closed] == [code]
    assert transport.sent == []


async def test_draining_closes_connections_before_and_after_their_sessions_are_open() -> None:
    service = await service_of()
    unopened, opened = ScriptedTransport(service), ScriptedTransport(service)
    opened.may_open.set()
    tasks = serving(unopened), serving(opened)
    await opened.ready.wait()
    service.drain()
    await ended(*tasks)
    assert unopened.closed == opened.closed == [(1012, None)]
    assert unopened.sent == []
    assert any(isinstance(event, events.Draining) for event in opened.sent)


async def test_the_successor_of_a_replaced_connection_stays_registered_and_is_drained() -> None:
    service = await service_of()
    old, new = ScriptedTransport(service, SESSION_ID), ScriptedTransport(service, SESSION_ID)
    tasks = []
    for transport in (old, new):
        transport.may_open.set()
        tasks.append(serving(transport))
        await transport.ready.wait()
    await ended(tasks[0])
    ((code, error),) = old.closed
    assert (code, error and error.code) == (1008, "replaced")
    assert new.closed == []
    service.drain()
    await ended(tasks[1])
    assert new.closed == [(1012, None)]


async def test_a_connection_is_named_by_its_session_in_the_log_once_that_is_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    service = await service_of()
    await served(ScriptedTransport(service, open_error=ClientDisconnected()))
    await served(ScriptedTransport(service, SESSION_ID, receive_error=ClientDisconnected()))
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("session_connection")]
    assert lines == [
        "a connection without session: the client has left",
        f"session {SESSION_ID} opened",
        f"session {SESSION_ID}: the client has left",
        f"session {SESSION_ID} closed",
    ]
