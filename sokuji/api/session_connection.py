"""The life of one client's connection, the same for all doors: admission, session, drain, replacement, close.

While a session is open, tasks receive from the client, run the session, and wait for a reason to close that
comes from outside; the caller's task sends. When one of them fails, or sending is done, all of them end.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple, NoReturn, Protocol

from starlette.status import WS_1000_NORMAL_CLOSURE, WS_1012_SERVICE_RESTART

from sokuji.access.principal import Principal
from sokuji.api.service import Service
from sokuji.errors import InvalidRequest, Replaced, SokujiError
from sokuji.events import Event
from sokuji.metrics.sessions import SessionMetrics
from sokuji.session.session import Session
from sokuji.telemetry.call_ids import in_session

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0
"""How long a client that may be gone is given to take the reason why its connection is closed."""


class ClientDisconnected(Exception):
    """The client has gone: nothing can be sent to it or received from it."""


class Transport(Protocol):
    """What a door implements for one client: messages become session calls, events become messages.

    Every method may raise ``ClientDisconnected``.
    """

    @property
    def door(self) -> str:
        """Name of the door, for metrics: one of few."""

    @property
    def open_timeout_s(self) -> float:
        """Seconds within which ``open_session`` has to return."""

    async def open_session(self) -> Session:
        """Receive messages until one of them opens a session.

        Raises:
            SokujiError: the connection has to be closed.
        """

    async def receive(self, session: Session) -> None:
        """Pass the client's messages to its session until no more can come.

        Raises:
            SokujiError: the session has to end, once what it has accepted is worked off.
        """

    async def discard(self) -> NoReturn:
        """Receive and drop the client's messages until it has gone."""

    async def send(self, event: Event) -> None:
        """Send an event of the session; return when the client's side has taken it."""

    async def close(self, code: int, error: SokujiError | None) -> None:
        """Close the connection.

        Args:
            code: as WebSockets have it (RFC 6455, section 7.4).
            error: the reason, which the client is sent first; None: no failure.
        """


class _DrainedBeforeSession(Exception):
    """The connection is drained while its client has not opened a session."""


class _Closing(NamedTuple):
    """How a connection is closed; see ``Transport.close``."""

    code: int
    error: SokujiError | None = None


class SessionConnection:
    """Serves one client; the registry (``Sessions``) drains and replaces it from outside."""

    def __init__(self, transport: Transport, service: Service, client: Principal) -> None:
        self._transport = transport
        self._client = client
        self._service = service
        self._sessions = service.sessions
        self._session: Session | None = None
        self._metrics = SessionMetrics(transport.door)
        self._stopped: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        """Fails with a reason to close that comes from outside."""
        self._failure: SokujiError | None = None
        """Why nothing more is accepted from the client."""

    @property
    def lag_ms(self) -> int:
        """How far the output is behind; see ``Session.lag_ms``."""
        return 0 if self._session is None else self._session.lag_ms

    def replace(self) -> None:
        """Close: the session goes on in another connection."""
        self._stop(Replaced("the session goes on in another connection", param="session_id"))

    def drain(self) -> None:
        """Close when the utterance in progress is finished; at once where there is no session."""
        if self._session is None:
            self._stop(_DrainedBeforeSession())
        else:
            self._session.drain()

    async def serve(self) -> None:
        """Serve the client until it leaves, its session ends or the service closes the connection."""
        try:
            allowance = await self._service.admit(self._client.address)
            await self._client.admit_request(allowance)
            async with self.place():
                await self.serve_admitted()
        except SokujiError as refusal:
            log.info("%s was refused: %s: %s", self, refusal.code, refusal.message)
            self._metrics.closed(refusal.close_code, refusal)
            await self._close(refusal.close_code, refusal)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place in the service, and one of the sessions of the client's key.

        Raises:
            Overloaded: see ``Service.session_slot``.
            RateLimited: see ``Principal.session_place``.
        """
        with self._service.session_slot(self, self._client.address):
            async with self._client.session_place():
                yield

    async def serve_admitted(self) -> None:
        """As ``serve``, for a connection whose ``place`` the caller holds."""
        with ExitStack() as bound:
            try:
                closing = await self._serve_session(bound)
                self._metrics.closed(*(closing or (None, None)))
                if closing is not None:
                    await self._close(*closing)
            finally:
                if self._session is not None:
                    self._metrics.received(self._session.received_ms)
                    log.info("%s closed", self)

    def __str__(self) -> str:
        """The connection as log lines name it: by its session, whose id is not known before it is open."""
        return (
            "a connection without session" if self._session is None else f"session {self._session.session_id}"
        )

    async def _serve_session(self, bound: ExitStack) -> _Closing | None:
        """Open a session and serve it to its end; None: the client has left.

        Args:
            bound: gets what holds until the connection is closed: the session's id in logs.
        """
        closing: _Closing | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                stopped = tasks.create_task(self._until_stopped())
                revoked = tasks.create_task(self._client.until_revoked())
                session = self._session = await self._open_session()
                bound.enter_context(in_session(session.session_id))
                session.meter(self._client.meter_audio)
                log.info("%s opened", self)
                self._metrics.opened(session.received_ms)
                session.observe(self._observe)
                with self._sessions.hold(session.session_id, self):
                    running = tasks.create_task(session.run())
                    receiving = tasks.create_task(self._receive(session))
                    async for event in session.events():
                        await self._transport.send(event)
                for task in (stopped, revoked, running, receiving):
                    task.cancel()
            closing = self._closing_after(session)
        except* ClientDisconnected:
            log.info("%s: the client has left", self)
        except* _DrainedBeforeSession:
            closing = _Closing(WS_1012_SERVICE_RESTART)
        except* SokujiError as errors:
            error = _first(errors)
            log.warning("%s ends: %s: %s", self, error.code, error.message)
            closing = _Closing(error.close_code, error)
        except* Exception:
            log.exception("%s failed", self)
            error = SokujiError("the session failed; open a new one")
            closing = _Closing(error.close_code, error)
        return closing

    def _observe(self, event: Event, latency_s: float | None) -> None:
        self._metrics.delivered(event, latency_s)
        if self._session is not None:
            self._metrics.received(self._session.received_ms)

    async def _open_session(self) -> Session:
        timeout_s = self._transport.open_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await self._transport.open_session()
        except TimeoutError:
            raise InvalidRequest(
                f"no session was opened within {timeout_s:g} s; send its settings right after connecting",
                param="type",
            ) from None

    async def _receive(self, session: Session) -> None:
        """Pass the client's messages on; after a failure, only what it has said before is worked off."""
        try:
            await self._transport.receive(session)
        except SokujiError as error:
            log.warning("%s accepts nothing more: %s: %s", self, error.code, error.message)
            self._failure = error
            session.close()
            await self._transport.discard()

    def _closing_after(self, session: Session) -> _Closing:
        if self._failure is not None:
            return _Closing(self._failure.close_code, self._failure)
        return _Closing(WS_1012_SERVICE_RESTART if session.drained else WS_1000_NORMAL_CLOSURE)

    async def _close(self, code: int, error: SokujiError | None = None) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._transport.close(code, error)
        except (ClientDisconnected, TimeoutError):
            log.debug("%s: the client had left before the close code %d", self, code)

    def _stop(self, reason: Exception) -> None:
        if not self._stopped.done():
            self._stopped.set_exception(reason)

    async def _until_stopped(self) -> None:
        await self._stopped


def _first(errors: BaseExceptionGroup[SokujiError]) -> SokujiError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
