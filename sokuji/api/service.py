"""The state of one gateway replica that all doors share: pipeline, settings, limiters, sessions."""

import logging
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import MappingProxyType

from sokuji.access.allowance import Allowance
from sokuji.admission.admission import Admission
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.api.concurrency_limiter import ConcurrencyLimiter
from sokuji.api.credentials import MIN_SIGNING_KEY_BYTES, Credentials
from sokuji.api.sessions import RegisteredConnection, Sessions
from sokuji.api.uploads import Uploads
from sokuji.audio.decoder_process.pool import Decoders
from sokuji.broadcast.contract import BroadcastHub
from sokuji.broadcast.hub import Hub
from sokuji.broadcast.relay import Relay
from sokuji.config import GatewaySettings
from sokuji.contract import StageName
from sokuji.debug.recording_writer import RecordingWriter
from sokuji.debug.session_recording import SessionRecording
from sokuji.errors import InvalidRequest, Overloaded, TooLarge
from sokuji.metrics.exposition import Replicas, SoleReplica
from sokuji.metrics.sessions import record_resumption
from sokuji.pipeline.caller import Caller, never
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.session import Session
from sokuji.session.spool import SpoolBudget

log = logging.getLogger(__name__)

NO_PREFERENCE: Mapping[StageName, str] = MappingProxyType({})
"""Call the providers in the order of the graph."""


class Service:
    """The pipeline and the settings of one gateway replica, with the limits on their use.

    Args:
        pipeline: takes over ``deadlines`` and ``resilience`` of the settings.
        settings: replaced by ``apply``.
        credentials: None: client secrets of this service are accepted by itself alone.
        gateways: how many gateway replicas there are.
        decoders: None: this service has its own.
        hub: of the broadcasts of all gateways; None: this one is the only one.
        replicas: those whose metrics ``/metrics`` shows; None: this process is the service.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        settings: GatewaySettings,
        credentials: Credentials | None = None,
        gateways: Callable[[], int] = lambda: 1,
        decoders: Decoders | None = None,
        replicas: Replicas | None = None,
        hub: BroadcastHub | None = None,
    ) -> None:
        limits = settings.limits
        self.pipeline = pipeline
        self.credentials = credentials or Credentials(secrets.token_bytes(MIN_SIGNING_KEY_BYTES))
        """Verifies who may use the doors."""
        self.requests = ConcurrencyLimiter(limits.max_concurrent_requests)
        """REST calls in progress."""
        self.uploads = Uploads(limits, decoders or Decoders())
        """Uploads that are being received and decoded."""
        self.recordings = ConcurrencyLimiter(settings.recording_concurrency)
        """Utterances of uploads in progress: few, so that live speech does not queue behind them."""
        self._spool_budget = SpoolBudget(limits.max_total_waiting_bytes)
        self.sessions = Sessions()
        """All clients that are connected for a session."""
        self.admission = Admission(settings.admission, pipeline.loads, gateways)
        """Whether there is room for one more session."""
        self.replicas: Replicas = replicas or SoleReplica()
        self.relay = Relay(hub or Hub(), settings.broadcast)
        """The broadcasts of sessions, and all clients that listen to broadcasts."""
        self.debug_recordings = RecordingWriter()
        """Writes the sessions that the operator wants to look into."""
        self.apply(settings)

    @property
    def settings(self) -> GatewaySettings:
        """The settings in force."""
        return self._settings

    def apply(self, settings: GatewaySettings) -> None:
        """Take over settings; they hold for new requests and sessions, ``draining`` and keys for all.

        Raises:
            ConfigError: the key file cannot be read; nothing has changed.
        """
        self.credentials.apply(settings.access)
        self._settings = settings
        self.pipeline.deadlines, self.pipeline.resilience = settings.deadlines, settings.resilience
        self.admission.settings = settings.admission
        self.debug_recordings.apply(settings.debug)
        self.relay.settings = settings.broadcast
        self.requests.resize(settings.limits.max_concurrent_requests)
        self.uploads.apply(settings.limits)
        self.recordings.resize(settings.recording_concurrency)
        self._spool_budget.limit_bytes = settings.limits.max_total_waiting_bytes
        if settings.draining:
            self.drain()
        else:
            self.sessions.stop_draining()
            self.relay.stop_draining()

    def drain(self) -> None:
        """Ask all but REST clients to connect to another replica, and admit no others of them."""
        self.sessions.drain()
        self.relay.drain(round(1_000 * self.settings.streaming.drain_s))

    async def until_empty(self) -> None:
        """Return when no client of a session is connected."""
        await self.sessions.until_empty()

    async def admit(self, address: str) -> Allowance | None:
        """Count a REST call or a new socket of a client (``limits.client_address``).

        Returns:
            What it may still call of ``requests_per_minute``; None: as much as it likes.

        Raises:
            RateLimited: more than ``requests_per_minute`` of them.
        """
        per_minute = self.settings.limits.requests_per_minute
        return await self.credentials.quotas.admit_address(address, per_minute) if per_minute else None

    def request_pipeline(self, providers: Mapping[StageName, str] = NO_PREFERENCE) -> Pipeline:
        """The pipeline for one REST call, which gives way to live speech and takes turns with other calls.

        Args:
            providers: those to call first, see ``ServedStages.preferring``.
        """
        return self.pipeline.preferring(providers).on_behalf_of(Caller(uuid.uuid4().hex, never))

    def request_slot(self) -> AbstractContextManager[None]:
        """Hold one of ``max_concurrent_requests`` slots.

        Raises:
            Overloaded: all slots are in use.
        """
        message = f"{self.requests.limit} requests are in progress; try again shortly"
        return self.requests.slot_or_raise(Overloaded(message, retry_after_s=1))

    def check_text_length(self, text: str, param: str = "text") -> None:
        """Check a text that came in the request field ``param``.

        Raises:
            TooLarge: it has more than ``max_text_chars`` characters.
        """
        limit = self.settings.limits.max_text_chars
        if len(text) > limit:
            raise TooLarge(f"{param} has {len(text)} characters; at most {limit} are accepted", param=param)

    @contextmanager
    def session_slot(self, connection: RegisteredConnection, address: str) -> Iterator[None]:
        """Hold one of ``ws_max_connections`` places for the connection of a client at an address.

        Raises:
            Overloaded: this replica is about to end, all places are taken, those of the address are, or the
                stages are not up yet.
        """
        with ExitStack() as held:
            with self._counting_refusals("places"):
                # The catalogue raises while the stages are not up.
                _ = self.pipeline.catalogue
                held.enter_context(self.sessions.admit(connection, address, self.settings.limits))
            yield

    def check_room(self) -> None:
        """Check whether a new session would be let in now.

        Raises:
            Overloaded: as ``new_session``.
        """
        self._check_lag()
        self.admission.check()

    def new_session(
        self, session_id: str | None = None, providers: Mapping[StageName, str] = NO_PREFERENCE
    ) -> Session:
        """A new session.

        Args:
            session_id: None: a new one.
            providers: those to call first, see ``ServedStages.preferring``.

        Raises:
            Overloaded: there is no room for another session, or the output of the present ones is too far
                behind.
        """
        self._check_lag()
        return self._session(session_id or uuid.uuid4().hex, providers, self.admission.admit())

    def _check_lag(self) -> None:
        with self._counting_refusals("lag"):
            self.sessions.check_lag(self.settings.streaming.max_lag_s)

    @contextmanager
    def _counting_refusals(self, reason: str) -> Iterator[None]:
        try:
            yield
        except Overloaded:
            self.admission.count_refusal(reason)
            raise

    def resumed_session(
        self,
        session_id: str,
        from_ms: int,
        text: str,
        providers: Mapping[StageName, str] = NO_PREFERENCE,
    ) -> Session:
        """A session that goes on where its client lost its connection.

        It is not refused however far the service is behind: the client has been admitted before.

        Args:
            from_ms: where the client's audio goes on.
            text: the words behind ``from_ms`` that have been delivered.
            providers: as for ``new_session``.

        Raises:
            InvalidRequest: no session is as long as ``from_ms``.
        """
        max_session_s = self.settings.limits.max_session_s
        if from_ms > 1_000 * max_session_s:
            raise InvalidRequest(
                f"resume_from_ms: a session takes at most {max_session_s:g} s of audio",
                param="resume_from_ms",
            )
        record_resumption()
        log.info("session %s resumes at %d ms", session_id, from_ms)
        return self._session(session_id, providers, self.admission.enter(), from_ms, text)

    def _session(
        self,
        session_id: str,
        providers: Mapping[StageName, str],
        activity: SpeechActivity,
        begin_ms: int = 0,
        resumed_text: str = "",
    ) -> Session:
        return Session(
            self.pipeline.preferring(providers),
            self.settings,
            session_id,
            begin_ms=begin_ms,
            resumed_text=resumed_text,
            spool_budget=self._spool_budget,
            activity=activity,
            recording=SessionRecording(self.debug_recordings, session_id),
        )
