"""A call as an HTTP response: the answer to the offer is sent, then the session is served.

The request lasts as long as its call. So a call counts like an open socket where Ray Serve counts requests
in progress: for autoscaling, and when a replica stops. The server owns the task, and nothing is left when it
ends.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sokuji.access.principal import Principal
from sokuji.api.playback import Playback
from sokuji.api.service import Service
from sokuji.api.session_connection import SessionConnection, Transport
from sokuji.api.webrtc.realtime_call_socket import CallFrames
from sokuji.errors import NotSupported

if TYPE_CHECKING:
    from sokuji.api.webrtc.peer import Peer

TransportOfCall = Callable[[CallFrames, Playback], Transport]
"""Makes the transport of a door, whose events go to the channel and whose voice goes to the playback. The
binary frames of the channel are what the client says: mono int16 PCM at ``CALL_RATE``."""
CREATED = 201


async def new_call(
    service: Service, client: Principal, offer: str, location: str, transport_of: TransportOfCall
) -> "CallResponse":
    """A call that answers an offer.

    Args:
        offer: SDP.
        location: path of the call, which its client is told.

    Raises:
        InvalidRequest, TooLarge: the offer is not accepted.
        NotSupported: the library is not installed.
        Overloaded: see ``Service.new_session``.
    """
    service.check_room()
    peer = (await _peer_class())(offer, service.settings.openai)
    connection = SessionConnection(transport_of(peer.channel, peer.playback), service, client)
    return CallResponse(peer, connection, location)


class CallResponse(Response):
    """Answers the offer of ``peer`` with status 201, and serves its session until one side ends it."""

    def __init__(self, peer: "Peer", connection: SessionConnection, location: str) -> None:
        super().__init__(None, CREATED, {"Location": location}, "application/sdp")
        self._peer = peer
        self._connection = connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the call.

        Raises:
            Overloaded: before anything is sent: there is no place, or no free port.
            RateLimited: likewise: the client's key has no session or no audio left.
            InvalidRequest: likewise: the offer cannot be answered.
        """
        async with self._connection.place():
            try:
                self.body = self.render(await self._peer.answer())
                self.headers["Content-Length"] = str(len(self.body))
                await super().__call__(scope, receive, send)
                await self._serve()
            finally:
                await self._peer.close()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(self._peer.run())
            await self._connection.serve_admitted()
            await self._peer.play_out()
            receiving.cancel()


async def _peer_class() -> type["Peer"]:
    """Import the library, which takes a second and memory, when the first call is made."""
    try:
        return await asyncio.to_thread(_import_peer)
    except ImportError as error:
        raise NotSupported(
            f"this service does not take calls: install sokuji-bridge[webrtc] ({error.name} is missing)"
        ) from None


def _import_peer() -> type["Peer"]:
    from sokuji.api.webrtc.peer import Peer

    return Peer
