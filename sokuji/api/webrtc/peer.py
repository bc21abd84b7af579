"""The service's end of one WebRTC call: it answers an offer, and connects a data channel and two tracks.

No STUN or TURN server is asked: the answer has the addresses of this host.
"""

import asyncio
import contextlib
import logging

from aioice import Connection
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.codecs import get_capabilities
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcconfiguration import RTCBundlePolicy

from sokuji.api.playback import CALL_RATE
from sokuji.api.webrtc.call_channel import CallChannel
from sokuji.api.webrtc.ice_sockets import use_ports
from sokuji.api.webrtc.offer import PARAM, Offer, parse_offer
from sokuji.api.webrtc.tracks import PlayedTrack, received_pcm
from sokuji.config import OpenAISettings
from sokuji.errors import InvalidRequest

log = logging.getLogger(__name__)

PLAY_OUT_S = 15.0
"""Longest time for which a call that ends goes on until everything has been played."""
CLOSE_S = 5.0
WATCH_S = 0.5
"""Interval at which is looked after what waits in the data channel's association."""
_TAIL = bytes(2 * CALL_RATE * 300 // 1_000)
"""Silence after the last word: the jitter buffer of a client holds what is not followed by more."""


class Peer:
    """One call: ``answer``, then ``run`` for as long as it lasts, and ``close`` in any case.

    Args:
        settings: ``webrtc_ports`` and ``webrtc_connect_s`` are used.

    Raises:
        InvalidRequest, TooLarge: the offer is not accepted; see ``parse_offer``.
    """

    def __init__(self, offer_sdp: str, settings: OpenAISettings) -> None:
        self._offer: Offer = parse_offer(offer_sdp)
        self._settings = settings
        self.channel = CallChannel(has_events=self._offer.has_data_channel)
        self.playback = PlayedTrack()
        self._connected = asyncio.Event()
        self._heard: MediaStreamTrack | None = None
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection.on("datachannel", self.channel.open)
        self._connection.on("track", self._hear)
        self._connection.on("connectionstatechange", self._note_state)

    async def answer(self) -> str:
        """The SDP of the answer.

        Raises:
            InvalidRequest: the offer cannot be answered.
            Overloaded: no port is free.
        """
        await self._accept()
        use_ports(self._ice(), self._settings.webrtc_ports)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        sdp: str = self._connection.localDescription.sdp
        return sdp

    async def run(self) -> None:
        """Receive until the client has gone."""
        async with asyncio.TaskGroup() as tasks:
            works = (self._expect_connection(), self._receive(), self._expect_complete_messages())
            running = [tasks.create_task(work) for work in works]
            await self.channel.gone.wait()
            for task in running:
                task.cancel()

    async def play_out(self) -> None:
        """Return when the client has heard everything, or has gone, or it takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PLAY_OUT_S):
                await self.playback.play(_TAIL)
                await self.playback.until_played()
                await self.channel.until_sent()

    async def close(self) -> None:
        """Hang up, and free everything."""
        self._lose()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connection.close()
        except TimeoutError:
            log.warning("a call could not be closed within %g s", CLOSE_S)

    async def _accept(self) -> None:
        transceiver = self._connection.addTransceiver(self.playback, "sendrecv")
        transceiver.setCodecPreferences(
            [codec for codec in get_capabilities("audio").codecs if codec.mimeType == "audio/opus"]
        )
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(self._offer.sdp, "offer"))
        except Exception as error:
            # The library has no class for this: its own, ValueError and others come from what an offer lacks.
            raise InvalidRequest(f"the offer cannot be answered: {error}", param=PARAM) from None

    def _ice(self) -> Connection:
        """The ICE agent; there is one, because all sections of an offer are bundled."""
        (transceiver,) = self._connection.getTransceivers()
        agent: Connection = transceiver.receiver.transport.transport.iceGatherer._connection
        return agent

    async def _expect_connection(self) -> None:
        try:
            async with asyncio.timeout(self._settings.webrtc_connect_s):
                await self._connected.wait()
                await self.channel.until_open()
        except TimeoutError:
            log.info("a call was not connected within %g s", self._settings.webrtc_connect_s)
            self._lose()

    async def _expect_complete_messages(self) -> None:
        """Hang up on a client with more unfinished messages than it was given room for; aiortc takes all."""
        while True:
            await asyncio.sleep(WATCH_S)
            association = self._connection.sctp
            if association is not None and association._advertised_rwnd < 0:
                log.info("a call ends: its client sends a message without end")
                self._lose()
                return

    async def _receive(self) -> None:
        if self._heard is not None:
            async for pcm in received_pcm(self._heard):
                self.channel.receive_audio(pcm)

    def _hear(self, track: MediaStreamTrack) -> None:
        self._heard = track

    def _note_state(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self._lose()

    def _lose(self) -> None:
        """The client has gone: nothing waits for it any longer."""
        self.channel.disconnect()
        self.playback.stop()
