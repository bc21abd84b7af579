"""A WebRTC client over loopback: aiortc as the other side of a call, with a script to say."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from sokuji.api.webrtc.tracks import PlayedTrack, received_pcm

LABEL = "oai-events"
SETTLE_S = 30.0
NO_SERVERS = RTCConfiguration(iceServers=[])


class WebRTCClient:
    """One call from the client's side.

    ``voice`` is the microphone: what is played on it is said, at the pace of speech. ``heard`` is everything
    that has come from the service; ``events`` are its events, in order.

    Args:
        has_events: whether it has a data channel.
    """

    def __init__(self, *, has_events: bool = True) -> None:
        self.connection = RTCPeerConnection(NO_SERVERS)
        self.voice = PlayedTrack()
        self.connection.addTrack(self.voice)
        if has_events:
            self.channel = self.connection.createDataChannel(LABEL)
            self.channel.on("message", self._receive)
            self.channel.on("close", self._note_close)
        self.connection.on("track", self._hear)
        self.connection.on("connectionstatechange", self._note_state)
        self.heard = bytearray()
        self.events: list[dict[str, Any]] = []
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        """The SDP that the client offers."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp: str = self.connection.localDescription.sdp
        return sdp

    async def accept(self, answer: str) -> None:
        """Take the answer, and return when the client is connected and may send events."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await self.until(lambda: self.connected.is_set() and self.channel.readyState == "open")

    def send(self, event: dict[str, Any]) -> None:
        """Send an event."""
        self.channel.send(json.dumps(event))

    async def until(self, condition: Callable[[], bool], timeout_s: float = SETTLE_S) -> None:
        """Wait for what changes with time or with what comes from the service."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.01)

    async def until_event(self, kind: str, timeout_s: float = SETTLE_S) -> dict[str, Any]:
        """The first event of a type, which may have come already."""
        await self.until(lambda: any(event["type"] == kind for event in self.events), timeout_s)
        return next(event for event in self.events if event["type"] == kind)

    async def close(self) -> None:
        """Hang up."""
        await self.connection.close()
        if self._hearing is not None:
            await self._hearing

    def heard_samples(self) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
        """All that has been heard, mono at ``CALL_RATE``."""
        return np.frombuffer(bytes(self.heard), "<i2")

    def _receive(self, data: str) -> None:
        self.events.append(json.loads(data))

    def _note_close(self) -> None:
        self.closed.set()

    def _hear(self, track: MediaStreamTrack) -> None:
        self._hearing = asyncio.ensure_future(self._record(track))

    async def _record(self, track: MediaStreamTrack) -> None:
        async for pcm in received_pcm(track):
            self.heard += pcm

    def _note_state(self) -> None:
        if self.connection.connectionState == "connected":
            self.connected.set()
        elif self.connection.connectionState in ("failed", "closed"):
            self.closed.set()


async def offer_of_nobody() -> str:
    """An offer whose client has gone: nobody connects."""
    client = WebRTCClient()
    offer = await client.offer()
    await client.close()
    return offer


@asynccontextmanager
async def calling(call: Callable[[str], Awaitable[str]]) -> AsyncIterator[WebRTCClient]:
    """A client that is connected to what answers its offer; it hangs up at the end.

    Args:
        call: offer -> answer.
    """
    client = WebRTCClient()
    try:
        await client.accept(await call(await client.offer()))
        yield client
    finally:
        await client.close()
