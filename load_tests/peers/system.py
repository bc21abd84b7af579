"""A server of speech recognition and its client, and the record of a session with it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from load_tests.scenarios.sessions import SessionRecord, SpokenUntil
from sokuji.errors import SokujiError

ANSWERED_WITHIN_S = 20.0
"""After the end of speech; a transcript that takes longer is lost."""
Milestone = Literal["stable", "final", "known"]
"""What is timed, for each utterance.

``stable``: from the end of its speech until its text is complete and changes no more; known in hindsight.
``final``: from the end of its speech until the system says that the text is final, endpointing included.
``known``: from the time at which the system knows that the utterance is over until its text is final.
"""
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
Delays = dict[Milestone, float]
"""Milliseconds; a milestone that was not reached is absent."""


class PeerFailed(SokujiError):
    """A system cannot be installed, started or spoken to; the message says why."""

    code = "peer_failed"


@dataclass(slots=True, kw_only=True)
class PeerSession(SessionRecord):
    """A session with any of the systems."""

    text: str = ""
    delays: list[Delays] = field(default_factory=list)
    """One for each utterance, empty where nothing came back; none at all if the session failed."""

    def fail(self, error: SokujiError | OSError) -> None:
        """Count an error."""
        self.errors[error_code(error)] += 1


def error_code(error: SokujiError | OSError) -> str:
    """The name under which an error is counted."""
    return error.code if isinstance(error, SokujiError) else type(error).__name__


class System(Protocol):
    """A server of speech recognition and its client."""

    @property
    def name(self) -> str:
        """Its name in the report, and for ``--only``."""

    @property
    def settings(self) -> dict[str, str]:
        """Its version and settings, for the report."""

    def served(self, port: int) -> AbstractAsyncContextManager[None]:
        """Install it if need be and run it on a port of loopback; it ends with the block.

        Raises:
            SokujiError: it cannot be installed or does not start.
        """

    async def transcribe(self, port: int, session: PeerSession, spoken_until: SpokenUntil) -> None:
        """Send the speech of ``session`` in real time, and record the text and its delays.

        Raises:
            SokujiError: the server breaks its protocol.
            OSError: it cannot be reached.
        """
