"""Listens to somebody else's session, which its speaker has opened as a broadcast.

    async with listen("http://127.0.0.1:8000/listen?session=...", language="en") as broadcast:
        async for event in broadcast:
            ...

A connection that is lost is opened again, and goes on behind the last event that has come.
"""

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sokuji.client.handshake import ConnectionLost, close_socket, open_socket, received_messages
from sokuji.client.messages import ProtocolViolation, decode_broadcast
from sokuji.client.reconnection import RESUME_WITHIN_S, Backoff, Reconnection, jittered_backoff
from sokuji.errors import InvalidRequest
from sokuji.events import Done, Failed, Joined, ListenerEvent, ListeningOffer
from sokuji.protocol import LISTEN_PATH, ListenFields, OutputMode

log = logging.getLogger(__name__)

_PAGES = ("/listen", "/overlay")


def split_link(link: str) -> tuple[str, str]:
    """The address of the service and the id of the broadcast in a link that a speaker has shared.

    Raises:
        InvalidRequest: it has none.
    """
    parts = urlsplit(link)
    broadcast = parse_qs(parts.query).get("session", [""])[0]
    if not broadcast:
        raise InvalidRequest(
            "the link has no session; accepted: such as http://host:8000/listen?session=...", param="url"
        )
    path = parts.path.rstrip("/")
    page = next((each for each in _PAGES if path.endswith(each)), "")
    return urlunsplit((parts.scheme, parts.netloc, path.removesuffix(page), "", "")), broadcast


@contextlib.asynccontextmanager
async def listen(
    link: str,
    *,
    language: str,
    output: OutputMode = "audio",
    api_key: str | None = None,
    resume_within_s: float = RESUME_WITHIN_S,
    backoff: Backoff = jittered_backoff,
) -> AsyncIterator["BroadcastClient"]:
    """Join a broadcast and leave it afterwards.

    Args:
        link: as the speaker shares it: ``http://host:8000/listen?session=...``.
        language: to hear and to read.
        output: ``captions``: no voice.
        api_key: where listeners need one; see ``connect``.
        resume_within_s: how long to try to reconnect after a loss; 0: do not reconnect.
        backoff: seconds to wait before each attempt.

    Raises:
        InvalidRequest: the link has no session.
        UnknownBroadcast: it is over, or has never been.
        ServiceUnreachable: nothing answers there, or a server without this API.
        SokujiError: the service refuses the listener; the class says why.
    """
    url, broadcast = split_link(link)

    async def open_again(message: ListenFields) -> "_Listening":
        return await _open(url, message, api_key)

    message: ListenFields = {
        "type": "listen",
        "broadcast": broadcast,
        "language": language,
        "output": output,
        "audio_encoding": "pcm_binary",
    }
    client = BroadcastClient(
        await open_again(message), message, Reconnection(open_again, resume_within_s, backoff)
    )
    try:
        yield client
    finally:
        await client._listening.close()


class _Listening:
    """A connection on which the listener has joined."""

    def __init__(
        self,
        socket: ClientConnection,
        joined: Joined,
        received: AsyncIterator[tuple[int | None, ListenerEvent]],
    ) -> None:
        self.joined = joined
        self.received = received
        self._socket = socket

    async def close(self) -> None:
        """Close the connection, whatever state it is in."""
        await close_socket(self._socket)


class BroadcastClient:
    """One listener; ``listen`` joins. Who reads no events loses the voice, and then the connection."""

    def __init__(
        self,
        listening: _Listening,
        message: ListenFields,
        reconnection: Reconnection[ListenFields, _Listening],
    ) -> None:
        self.joined = listening.joined
        """What is listened to."""
        self.resumptions = 0
        """How many times another connection was needed."""
        self._listening = listening
        self._message = message
        self._reconnection = reconnection

    async def __aiter__(self) -> AsyncIterator[ListenerEvent]:
        """Events in order, up to ``Done``: the broadcast is over.

        Raises:
            ConnectionLost: the connection was lost and no other could be opened.
            SokujiError: the service has ended it; the class says why.
        """
        while True:
            try:
                async for number, event in self._listening.received:
                    if isinstance(event, Failed) and event.fatal:
                        raise event.error
                    if number is not None:
                        self._message["after"] = number
                        self._reconnection.reset()
                    yield event
                    if isinstance(event, Done):
                        return
            except ConnectionLost as loss:
                await self._resume(loss)

    async def _resume(self, loss: ConnectionLost) -> None:
        log.info("a broadcast: %s", loss.message)
        self._listening = await self._reconnection.connect(loss, self._message)
        self.resumptions += 1


async def _open(url: str, message: ListenFields, api_key: str | None) -> _Listening:
    """Connect, choose and wait until the listener has joined; errors as of ``listen``."""
    socket = await open_socket(url, LISTEN_PATH, api_key)
    try:
        # A service that is full sends its error and closes without waiting for the choice.
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(message))
        received = decode_broadcast(received_messages(socket))
        _, first = await anext(received)
        if isinstance(first, ListeningOffer):
            _, first = await anext(received)
        if isinstance(first, Failed):
            raise first.error
        if not isinstance(first, Joined):
            raise ProtocolViolation(f"the service began with {type(first).__name__} instead of Joined")
    except BaseException:
        await close_socket(socket)
        raise
    return _Listening(socket, first, received)
