"""What one gateway replica serves with: shared by all doors, holding the counts that its limits need."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sokuji.api.limits import MovingWindow
from sokuji.config import GatewaySettings
from sokuji.errors import Overloaded
from sokuji.pipeline.pipeline import Pipeline

log = logging.getLogger(__name__)


@dataclass
class Service:
    """The pipeline, the settings and how much is under way."""

    pipeline: Pipeline
    settings: GatewaySettings
    sessions: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What tells each conversation held now to move elsewhere, by its id."""
    draining: bool = False
    """Whether conversations have to move elsewhere, because this replica is about to end."""
    requests: int = 0
    """REST calls worked on now."""
    uploads: int = 0
    """Recordings being received now."""
    recordings: asyncio.Semaphore = field(init=False, repr=False)
    """Places for utterances of recordings, so that live speech does not queue behind uploads."""
    _empty: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)
    _window: MovingWindow = field(default_factory=MovingWindow, init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the places, all of them free."""
        self._empty.set()
        self.apply(self.settings)

    def apply(self, settings: GatewaySettings) -> None:
        """Take over settings; they hold for new requests and sessions, ``draining`` for all."""
        self.settings = settings
        self.pipeline.deadlines, self.pipeline.resilience = settings.deadlines, settings.resilience
        self.recordings = asyncio.Semaphore(settings.recording_concurrency)
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

    @contextmanager
    def request_slot(self) -> Iterator[None]:
        """Hold one of ``max_concurrent_requests`` places.

        Raises:
            Overloaded: all places are taken.
        """
        limit = self.settings.limits.max_concurrent_requests
        if self.requests >= limit:
            raise Overloaded(f"{limit} requests are being worked on; try again shortly", retry_after_s=1)
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def upload_slot(self) -> Iterator[None]:
        """Hold one of ``max_concurrent_uploads`` places.

        Raises:
            Overloaded: all places are taken.
        """
        limit = self.settings.limits.max_concurrent_uploads
        if self.uploads >= limit:
            raise Overloaded(f"{limit} recordings are being received; try again shortly", retry_after_s=2)
        self.uploads += 1
        try:
            yield
        finally:
            self.uploads -= 1

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
