"""The registry of the connections of one gateway replica, and of the session that each of them holds.

It admits connections, drains them, and lets a client that connects again replace its former connection.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sokuji.config import Limits
from sokuji.errors import Overloaded

log = logging.getLogger(__name__)


class RegisteredConnection(Protocol):
    """What the registry needs of a client's connection."""

    @property
    def lag_ms(self) -> int:
        """How far the output is behind the input through the fault of the service."""

    def replace(self) -> None:
        """Close: the client has connected again."""

    def drain(self) -> None:
        """Close as soon as no speech is lost: the client has to connect to another replica."""


@dataclass(slots=True)
class _Place:
    """What a connection takes up."""

    address: str
    """Of the client."""
    session_id: str | None = None
    """None: the connection holds no session yet, or no longer."""


class Sessions:
    """Connection -> its place, with the id of the session that it holds.

    A connection is registered from its handshake until it is closed. It counts as a session even before its
    client has opened one: it needs a place, and it has to be drained.
    """

    def __init__(self) -> None:
        self._places: dict[RegisteredConnection, _Place] = {}
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Connections that are registered."""
        return len(self._places)

    @contextmanager
    def admit(self, connection: RegisteredConnection, address: str, limits: Limits) -> Iterator[None]:
        """Keep a connection registered.

        Args:
            connection: of a client that has been accepted.
            address: the client's.
            limits: on connections.

        Raises:
            Overloaded: this replica is draining, or has, or has for this address, all that it may have.
        """
        if self._draining:
            raise Overloaded("this replica is shutting down; connect again to reach another", retry_after_s=1)
        self._check_places(address, limits)
        self._places[connection] = _Place(address)
        self._empty.clear()
        try:
            yield
        finally:
            del self._places[connection]
            if not self._places:
                self._empty.set()

    def _check_places(self, address: str, limits: Limits) -> None:
        if len(self) >= limits.ws_max_connections:
            raise Overloaded(
                f"all {limits.ws_max_connections} session places are taken; try again shortly",
                retry_after_s=5,
            )
        places = [place for place in self._places.values() if place.address == address]
        if len(places) >= limits.ws_max_client_connections:
            accepted = limits.ws_max_client_connections
            raise Overloaded(
                f"your address has {len(places)} sessions already; accepted: {accepted}", retry_after_s=5
            )
        unopened = sum(place.session_id is None for place in places)
        if unopened >= limits.ws_max_client_unopened:
            raise Overloaded(
                f"{unopened} connections of your address have no session yet; send the settings of one first",
                retry_after_s=1,
            )

    @contextmanager
    def hold(self, session_id: str, connection: RegisteredConnection) -> Iterator[None]:
        """Let a connection that has been admitted hold a session; replace the connection that holds it now.

        A client may be back before the service has noticed the loss of its old socket, so the newer
        connection wins. Nothing is handed over to it: a client that learns another client's session id can
        end that client's connection, but gets a fresh session.
        """
        for former, place in self._places.items():
            if place.session_id == session_id:
                place.session_id = None
                former.replace()
        place = self._places[connection]
        place.session_id = session_id
        try:
            yield
        finally:
            place.session_id = None

    def check_lag(self, max_lag_s: float) -> None:
        """Refuse a new session while the output of those that are held comes too late.

        Raises:
            Overloaded: the output of one of them is more than ``max_lag_s`` behind.
        """
        lags_ms = [each.lag_ms for each, place in self._places.items() if place.session_id is not None]
        lag_s = max(lags_ms, default=0) / 1_000
        if lag_s > max_lag_s:
            raise Overloaded(
                f"the service is {lag_s:.0f} s behind; try again shortly", retry_after_s=round(lag_s)
            )

    def drain(self) -> None:
        """Drain all connections and admit no others, until ``stop_draining``."""
        if self._draining:
            return
        self._draining = True
        log.info("draining %d connections", len(self))
        for connection in list(self._places):
            connection.drain()

    @property
    def is_draining(self) -> bool:
        """Whether no connection is admitted because this replica goes away."""
        return self._draining

    def stop_draining(self) -> None:
        """Admit connections again."""
        self._draining = False

    async def until_empty(self) -> None:
        """Return when no connection is registered."""
        await self._empty.wait()
