"""The conversations that one gateway replica holds: one connection each, and how late they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sokuji.errors import Overloaded


class SessionConnection(Protocol):
    """A client's connection that holds a conversation."""

    @property
    def lag_ms(self) -> int:
        """How far the output is behind the input through the fault of the service."""

    def replace(self) -> None:
        """Close it: the client has connected again."""


class Sessions:
    """Session id -> the connection that holds the session."""

    def __init__(self) -> None:
        self._held: dict[str, SessionConnection] = {}

    @contextmanager
    def hold(self, session_id: str, connection: SessionConnection) -> Iterator[None]:
        """Let a connection have a session.

        A client can be back before the service has noticed the loss of its old socket. So the newcomer wins,
        and the old connection is closed. Nothing is handed over from one to the other: whoever learns a
        session id of somebody else can end that connection, but gets a fresh conversation.
        """
        former = self._held.get(session_id)
        self._held[session_id] = connection
        if former is not None:
            former.replace()
        try:
            yield
        finally:
            if self._held.get(session_id) is connection:
                del self._held[session_id]

    def check_lag(self, max_lag_s: float) -> None:
        """Refuse one more conversation while those that are here get their output too late.

        Raises:
            Overloaded: one of them is more than ``max_lag_s`` behind.
        """
        lag_s = max((connection.lag_ms for connection in self._held.values()), default=0) / 1_000
        if lag_s > max_lag_s:
            raise Overloaded(
                f"the service is {lag_s:.0f} s behind; try again shortly", retry_after_s=round(lag_s)
            )
