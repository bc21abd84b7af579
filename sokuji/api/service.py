"""What one gateway replica serves with: shared by all doors, holding the counts that its limits need."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sokuji.api.concurrency_limiter import ConcurrencyLimiter
from sokuji.api.limits import MovingWindow
from sokuji.config import GatewaySettings
from sokuji.errors import Overloaded
from sokuji.pipeline.pipeline import Pipeline

log = logging.getLogger(__name__)


class Service:
    """The pipeline, the settings and how much is under way.

    Args:
        pipeline: takes over ``deadlines`` and ``resilience`` of the settings.
        settings: replaced by ``apply``.
    """

    def __init__(self, pipeline: Pipeline, settings: GatewaySettings) -> None:
        limits = settings.limits
        self.pipeline = pipeline
        self.requests = ConcurrencyLimiter(limits.max_concurrent_requests)
        """REST calls in progress."""
        self.uploads = ConcurrencyLimiter(limits.max_concurrent_uploads)
        """Uploads whose bodies are being received."""
        self.recordings = ConcurrencyLimiter(settings.recording_concurrency)
        """Utterances of recordings in progress: live speech does not queue behind uploads."""
        self.sessions: dict[str, Callable[[], None]] = {}
        """What tells each conversation held now to move elsewhere, by its id."""
        self.draining = False
        """Whether conversations have to move elsewhere, because this replica is about to end."""
        self._empty = asyncio.Event()
        self._empty.set()
        self._window = MovingWindow()
        self.apply(settings)

    @property
    def settings(self) -> GatewaySettings:
        """The settings in force."""
        return self._settings

    def apply(self, settings: GatewaySettings) -> None:
        """Take over settings; they hold for new requests and sessions, ``draining`` for all."""
        self._settings = settings
        self.pipeline.deadlines, self.pipeline.resilience = settings.deadlines, settings.resilience
        self.requests.resize(settings.limits.max_concurrent_requests)
        self.uploads.resize(settings.limits.max_concurrent_uploads)
        self.recordings.resize(settings.recording_concurrency)
        if settings.draining:
            self.drain()
        else:
            self.draining = False

    def drain(self) -> None:
        """Tell all conversations to move elsewhere, and take no new ones. REST calls go on."""
        if self.draining:
            return
        self.draining = True
        log.info("%d sessions are told to move elsewhere", len(self.sessions))
        for tell in list(self.sessions.values()):
            tell()

    async def until_empty(self) -> None:
        """Return when no conversation is held."""
        await self._empty.wait()

    def admit(self, address: str) -> None:
        """Count a REST call or a new socket of a client (``limits.client_address``).

        Raises:
            RateLimited: more than ``requests_per_minute`` of them.
        """
        per_minute = self.settings.limits.requests_per_minute
        if per_minute:
            self._window.admit(address, per_minute)

    def request_slot(self) -> AbstractContextManager[None]:
        """Hold one of ``max_concurrent_requests`` slots.

        Raises:
            Overloaded: all slots are in use.
        """
        message = f"{self.requests.limit} requests are in progress; try again shortly"
        return self.requests.slot_or_raise(Overloaded(message, retry_after_s=1))

    def upload_slot(self) -> AbstractContextManager[None]:
        """Hold one of ``max_concurrent_uploads`` slots.

        Raises:
            Overloaded: all slots are in use.
        """
        message = f"{self.uploads.limit} recordings are being received; try again shortly"
        return self.uploads.slot_or_raise(Overloaded(message, retry_after_s=2))

    @contextmanager
    def session_slot(self, session_id: str, drain: Callable[[], None]) -> Iterator[None]:
        """Hold one of ``ws_max_connections`` places; ``drain`` tells the session to move elsewhere.

        Raises:
            Overloaded: this replica is about to end, all places are taken, or the stages are not up yet.
        """
        if self.draining:
            raise Overloaded("this replica is about to end; connect again to reach another", retry_after_s=1)
        limit = self.settings.limits.ws_max_connections
        if len(self.sessions) >= limit:
            raise Overloaded(f"all {limit} session places are taken; try again shortly", retry_after_s=5)
        _ = self.pipeline.catalogue
        self.sessions[session_id] = drain
        self._empty.clear()
        try:
            yield
        finally:
            del self.sessions[session_id]
            if not self.sessions:
                self._empty.set()
