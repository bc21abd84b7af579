"""The WebSocket of a realtime session: frames are decoded, and server events are sent in order."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from sokuji import events
from sokuji.api.client_socket import ClientSocket
from sokuji.api.openai.realtime.client_events import CLIENT_EVENTS, SessionUpdate
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.dialects import Beta, Dialect, GeneralAvailability, is_flat
from sokuji.api.openai.realtime.outbox import Outbox
from sokuji.api.openai.realtime.realtime_session import RealtimeSession
from sokuji.api.openai.wire import ClientEvent, JSONObject, decode_event
from sokuji.errors import SokujiError
from sokuji.session.session import Session
from sokuji.text import language_names


class RealtimeTransport:
    """See ``Transport``.

    Args:
        configuration: returns that of the client, or raises ``SokujiError`` if the client asks for what is
            not served.
        dialect: as the handshake says; None: the first ``session.update`` says it.
        rate_limits: returns the content of ``rate_limits.updated``.
        open_timeout_s: seconds for the first event of the client.
    """

    door = "realtime"

    def __init__(
        self,
        socket: ClientSocket,
        configuration: Callable[[], Configuration],
        dialect: Dialect | None,
        rate_limits: Callable[[], list[JSONObject]],
        open_timeout_s: float,
    ) -> None:
        self.open_timeout_s = open_timeout_s
        self._socket = socket
        self._make_configuration = configuration
        self._is_dialect_known = dialect is not None
        self._dialect: Dialect = dialect or GeneralAvailability()
        self._rate_limits = rate_limits
        self._outbox = Outbox(lambda event: self._dialect.outgoing(event))
        self._sending = asyncio.Lock()
        self._state: RealtimeSession | None = None
        self._event_id: str | None = None
        """Of the client event that is being handled."""

    async def open_session(self) -> Session:
        """See ``Transport``: the first event that is accepted opens it."""
        configuration = self._make_configuration()
        self._outbox.emit("session.created", session=configuration.as_dict())
        await self._flush()
        if configuration.current.type == "realtime":
            # Instructions may name a language. The names are read once, which takes seconds.
            await asyncio.to_thread(language_names.asked_for, "")

        def handle(frame: str | bytes) -> None:
            event = self._decoded(frame)
            first = event.session if isinstance(event, SessionUpdate) else None
            session = configuration.open(first)
            self._state = RealtimeSession(
                configuration, session, self._outbox, self._rate_limits, self._flush
            )
            self._state.handle(event)

        while self._state is None:
            await self._socket.handle_frame(handle, self._report)
            await self._flush()
        return self._state.session

    async def receive(self, session: Session) -> None:
        """See ``Transport``."""
        answering = asyncio.create_task(self._ready.run())
        try:
            while True:
                await session.hold_back()
                await self._socket.handle_frame(self._handle, self._report)
                await self._flush()
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def discard(self) -> NoReturn:
        """See ``Transport``."""
        await self._socket.discard()

    async def send(self, event: events.Event) -> None:
        """See ``Transport``."""
        self._ready.take(event)
        await self._flush()

    async def close(self, code: int, error: SokujiError | None) -> None:
        """See ``Transport``."""
        if error is not None:
            self._outbox.fail(error)
            await self._flush()
        await self._socket.close(code, error.code if error else "")

    @property
    def _ready(self) -> RealtimeSession:
        if self._state is None:
            raise RuntimeError("open_session() comes first")
        return self._state

    def _decoded(self, frame: str | bytes) -> ClientEvent:
        self._event_id = None
        event = decode_event(frame, CLIENT_EVENTS)
        self._event_id = event.event_id
        if isinstance(event, SessionUpdate) and not self._is_dialect_known:
            self._is_dialect_known = True
            if is_flat(event):
                self._dialect = Beta()
        return self._dialect.incoming(event)

    def _handle(self, frame: str | bytes) -> None:
        self._ready.handle(self._decoded(frame))

    async def _report(self, error: SokujiError) -> None:
        self._outbox.fail(error, self._event_id)
        await self._flush()

    async def _flush(self) -> None:
        async with self._sending:
            while self._outbox:
                await self._socket.send(self._outbox.next())
