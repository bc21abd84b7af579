"""One client of ``/v1/realtime/translations``: its events become calls of a session, and the other way round.

``session.created`` comes before the client has sent anything. The first update, audio or close opens the
session: an update may say first where one goes on. A bad event gets an ``error``, and the session goes on.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, NoReturn

from sokuji import events
from sokuji.api.client_socket import ENDS_CONNECTION, ClientSocket
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.translations.configuration import PARAMS, TranslationConfiguration
from sokuji.api.openai.translations.deltas import Deltas
from sokuji.api.openai.translations.opening import Opening
from sokuji.api.openai.translations.protocol import (
    CLIENT_EVENTS,
    DEFAULT_MODEL,
    AppendAudio,
    CloseSession,
    ResumableSettings,
    UpdateSession,
)
from sokuji.api.openai.translations.resumption import ResumptionPoint, resumption_point
from sokuji.api.openai.wire import (
    JSONObject,
    decode_audio,
    decode_event,
    error_event,
    new_id,
    server_event,
)
from sokuji.api.service import Service
from sokuji.errors import InvalidRequest, SokujiError
from sokuji.session.session import Session

Event = UpdateSession | AppendAudio | CloseSession
_UNCHANGED = ResumableSettings()


class _EventRefused(SokujiError):
    """An error that is the fault of a client event, and the event that reports it."""

    def __init__(self, cause: SokujiError, event_id: str | None) -> None:
        super().__init__(cause.message, param=cause.param)
        self.report = error_event(cause, event_id)


class _Accepted(NamedTuple):
    """A configuration that is on its way through the session."""

    configuration: TranslationConfiguration
    by_update: bool
    """Whether the client waits for ``session.updated``."""


class TranslationTransport:
    """See ``Transport``."""

    door = "translations"

    def __init__(self, socket: ClientSocket, service: Service, opening: Opening) -> None:
        self._socket = socket
        self._service = service
        self._opening = opening
        self._session_id = new_id("sess")
        self._expires_at = round(time.time() + service.settings.limits.max_session_s)
        self._point: ResumptionPoint | None = None
        self._acknowledgements = False
        self._accepted: deque[_Accepted] = deque()
        """Not in force yet, oldest first."""
        self._latest = self._in_force = TranslationConfiguration(DEFAULT_MODEL, {})
        self._recogniser: str | None = None
        self._deltas = Deltas()

    @property
    def open_timeout_s(self) -> float:
        """Clients connect before anybody speaks, and need not configure: they may be idle as any other."""
        return self._service.settings.limits.idle_timeout_s

    async def open_session(self) -> Session:
        """See ``Transport``."""
        self._opening.refuse_other_dialects()
        self._latest = self._in_force = self._opening.configuration()
        self._latest.providers(self._model_ids)
        asked = self._opening.resumption()
        self._acknowledgements = bool(asked.acknowledgements)
        self._point = resumption_point(asked)
        if self._point is not None:
            self._session_id = self._point.session_id
        await self._socket.send(server_event("session.created", session=self._shown(self._latest)))
        return await self._socket.first_result(self._open, self._report)

    async def receive(self, session: Session) -> None:
        """See ``Transport``."""
        await self._socket.pass_on(session, partial(self._pass_on, session))

    async def discard(self) -> NoReturn:
        """See ``Transport``."""
        await self._socket.discard()

    async def send(self, event: events.Event) -> None:
        """See ``Transport``."""
        if (frame := self._encoded(event)) is not None:
            await self._socket.send(frame)

    async def close(self, code: int, error: SokujiError | None) -> None:
        """See ``Transport``."""
        if error is not None:
            await self._report(error)
        await self._socket.close(code, error.code if error else "")

    async def _report(self, error: SokujiError) -> None:
        await self._socket.send(_error(error))

    def _encoded(self, event: events.Event) -> JSONObject | None:
        """The event as this protocol has it; None: it has none for that."""
        match event:
            case events.Ready():
                self._in_force, by_update = self._accepted.popleft()
                shown = self._shown(self._in_force)
                return server_event("session.updated", session=shown) if by_update else None
            case events.Transcription():
                self._deltas.locate(event)
                return self._deltas.input_transcript(event) if self._in_force.input.transcription else None
            case events.TranslationText():
                return self._deltas.output_transcript(event, self._named(event.target_language))
            case events.PartialTranslation():
                return self._deltas.stable_output(event, self._named(event.target_language))
            case events.Audio():
                return self._deltas.output_audio(event, self._named(event.target_language))
            case events.Speech():
                self._deltas.locate(event)
            case events.Ack():
                self._deltas.forget(event.through_ms)
                if self._acknowledgements:
                    return server_event("session.acknowledged", through_ms=event.through_ms, text=event.text)
            case events.Failed():
                return _error(event.error)
            case events.Done():
                return server_event("session.closed")
        return None

    def _named(self, language: str) -> str | None:
        return language if self._in_force.output.languages else None

    def _open(self, frame: str | bytes) -> Session:
        event = decode_event(frame, CLIENT_EVENTS)
        with _refusals(event):
            update = event.session if isinstance(event, UpdateSession) else _UNCHANGED
            configuration = self._latest.updated(update)
            point = resumption_point(update, "session.") or self._point
            session = self._new_session(point, configuration)
            if isinstance(event, AppendAudio):
                session.feed(decode_audio(event.audio))
            elif isinstance(event, CloseSession):
                session.end()
        self._session_id = session.session_id
        if point is not None:
            self._deltas = Deltas(point.from_ms, point.text)
        self._accept(configuration, update, by_update=isinstance(event, UpdateSession))
        return session

    def _new_session(self, point: ResumptionPoint | None, configuration: TranslationConfiguration) -> Session:
        providers = configuration.providers(self._model_ids)
        if point is None:
            session = self._service.new_session(self._session_id, providers)
        else:
            session = self._service.resumed_session(*point, providers)
        self._configure(session, configuration)
        self._recogniser = providers.get("stt")
        return session

    def _pass_on(self, session: Session, frame: str | bytes) -> None:
        event = decode_event(frame, CLIENT_EVENTS)
        with _refusals(event):
            if isinstance(event, AppendAudio):
                session.feed(decode_audio(event.audio))
            elif isinstance(event, CloseSession):
                session.end()
            else:
                self._update(session, event.session)

    def _update(self, session: Session, update: ResumableSettings) -> None:
        if resumption_point(update, "session.") is not None:
            raise InvalidRequest(
                "only the first update of a connection can resume a session", param="session.session_id"
            )
        configuration = self._latest.updated(update)
        wanted = configuration.providers(self._model_ids).get("stt")
        present = self._recogniser or self._service.pipeline.catalogue.stt[0].info.provider
        if wanted not in (None, present):
            raise InvalidRequest(
                f"the recogniser cannot change any more, it is {present!r}; name another in the first update",
                param="session.audio.input.transcription.model",
            )
        self._configure(session, configuration)
        self._accept(configuration, update, by_update=True)

    def _configure(self, session: Session, configuration: TranslationConfiguration) -> None:
        catalogue, settings = self._service.pipeline.catalogue, self._service.settings.openai
        one_voice = self._opening.one_voice
        session.configure(configuration.conversation(catalogue, settings, one_voice=one_voice))

    def _accept(
        self, configuration: TranslationConfiguration, update: ResumableSettings, *, by_update: bool
    ) -> None:
        self._latest = configuration
        self._accepted.append(_Accepted(configuration, by_update))
        if update.acknowledgements is not None:
            self._acknowledgements = update.acknowledgements

    def _shown(self, configuration: TranslationConfiguration) -> JSONObject:
        return configuration.session(self._session_id, self._expires_at, self._service.settings.openai)

    @property
    def _model_ids(self) -> ModelIds:
        return ModelIds(self._service.pipeline.catalogue, self._service.settings.openai.aliases)


@contextmanager
def _refusals(event: Event) -> Iterator[None]:
    """Give errors that a connection survives the id of the event at fault."""
    try:
        yield
    except ENDS_CONNECTION:
        raise
    except SokujiError as error:
        raise _EventRefused(error, event.event_id) from error


def _error(error: SokujiError) -> JSONObject:
    frame = error.report if isinstance(error, _EventRefused) else error_event(error)
    param = frame["error"]["param"]
    frame["error"]["param"] = PARAMS.get(param, param)
    return frame
