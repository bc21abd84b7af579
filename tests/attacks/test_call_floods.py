"""A client that floods its call ends it, or is heard in part; nothing grows."""

import asyncio
import os

import pytest
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, DataChunk
from aiortc.rtp import RtpPacket

from sokuji.api.playback import CALL_RATE
from sokuji.api.webrtc.ice_sockets import MAX_BURST_PACKETS, MAX_PACKETS_PER_S
from sokuji.api.webrtc.peer import Peer
from tests.api.webrtc.test_peer import echoed
from tests.support.webrtc_client import WebRTCClient

pytestmark = pytest.mark.slow

PACKETS = 20_000
SOURCE = 1_234
"""Beside that of the client's microphone."""
CHUNK_BYTES = 1_100
OPUS_120_MS = bytes([0xFB, 0x06]) + bytes(6)
"""Six frames of 20 ms in one packet (RFC 6716, section 3.2.5)."""


async def flood_with_speech(client: WebRTCClient) -> None:
    """Packets of 120 ms each, as fast as they can be encrypted."""
    sender = client.connection.getSenders()[0]
    for number in range(PACKETS):
        packet = RtpPacket(96, 0, number % 2**16, 120 * 48 * number % 2**32, SOURCE)
        packet.payload = OPUS_120_MS
        await sender.transport._send_rtp(packet.serialize())
        if number % 100 == 0:
            await asyncio.sleep(0)


async def flood_with_one_message(client: WebRTCClient, peer: Peer) -> None:
    """Fragments of a message that never ends, whatever the window of the other side."""
    association = client.connection.sctp
    assert association is not None
    for number in range(PACKETS):
        chunk = DataChunk(flags=SCTP_DATA_FIRST_FRAG if number == 0 else 0)
        chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = association._local_tsn, 1, 1, 51
        chunk.user_data = os.urandom(CHUNK_BYTES)
        association._local_tsn = (association._local_tsn + 1) % 2**32
        await association._send_chunk(chunk)
        await asyncio.sleep(1 / MAX_PACKETS_PER_S)
        if peer.channel.gone.is_set():
            return


async def test_speech_faster_than_any_call_is_dropped_and_the_call_goes_on() -> None:
    async with echoed() as (client, call):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await flood_with_speech(client)
        await asyncio.sleep(1)
        taken = MAX_BURST_PACKETS + MAX_PACKETS_PER_S * (loop.time() - began)
        assert 0 < len(call.said) / (2 * CALL_RATE) <= 0.12 * min(taken, PACKETS)
        client.send({"type": "still there"})
        await client.until_event("still there")


async def test_a_message_without_end_ends_its_call() -> None:
    async with echoed() as (client, call):
        await flood_with_one_message(client, call.peer)
        assert call.peer.channel.gone.is_set()
