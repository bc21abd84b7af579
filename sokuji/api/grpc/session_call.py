"""A call that is a session: admitted, drained, replaced and closed like that of a socket.

gRPC cancels the handler of a call whose client has gone. The session is told that instead, so that it ends as
those of the other doors do.
"""

import asyncio
from typing import Protocol

from sokuji.api.grpc.call import Call
from sokuji.api.session_connection import SessionConnection, Transport
from sokuji.errors import Overloaded, SokujiError


class CallTransport(Transport, Protocol):
    """A transport that keeps how its call ends, since gRPC sends that when the handler returns."""

    @property
    def closing(self) -> SokujiError | None:
        """The error with which the call ends; None: it has succeeded, or its client has gone."""


class MovedOn(Overloaded):
    """The replica goes away before the session was over: the client resumes it on another connection."""

    code = "draining"


def closing_error(code: int, error: SokujiError | None) -> SokujiError | None:
    """The error with which a call ends whose WebSocket would be closed so; None: it succeeds."""
    if error is None and code != 1_000:
        return MovedOn("this replica is shutting down; connect again to reach another", retry_after_s=1)
    return error


async def serve_session(call: Call, transport: CallTransport) -> None:
    """Serve the session of a call to its end.

    Raises:
        SokujiError: the call ends with it.
    """
    serving = asyncio.create_task(SessionConnection(transport, call.service, call.client).serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        call.leave()
        await serving
        raise
    if transport.closing is not None:
        raise transport.closing
