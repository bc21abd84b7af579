"""A call to a peer of the service that sends events back: real ICE, DTLS, SCTP and Opus over loopback UDP."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCSessionDescription
from starlette.websockets import WebSocketDisconnect

from sokuji.api.webrtc.peer import Peer
from sokuji.config import OpenAISettings
from sokuji.errors import Overloaded
from tests.support.tone_script import assert_says, runs, tone, tones, until_silent
from tests.support.webrtc_client import WebRTCClient, calling

pytestmark = pytest.mark.slow
SETTINGS = OpenAISettings()


async def echo(peer: Peer, said: bytearray) -> None:
    """Send events back, and keep what is said."""
    while (frame := await peer.channel.receive())["type"] == "websocket.receive":
        if "text" in frame:
            await peer.channel.send_text(frame["text"])
        else:
            said += frame["bytes"]


class Call:
    """The service's end of a call."""

    peer: Peer
    tasks: list[asyncio.Task[None]]

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self.said = bytearray()

    async def answer(self, offer: str) -> str:
        self.peer = Peer(offer, self.settings)
        answer = await self.peer.answer()
        self.tasks = [
            asyncio.create_task(self.peer.run()),
            asyncio.create_task(echo(self.peer, self.said)),
        ]
        return answer

    async def end(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*self.tasks)
            await self.peer.close()


@asynccontextmanager
async def echoed(settings: OpenAISettings = SETTINGS) -> AsyncIterator[tuple[WebRTCClient, Call]]:
    """A client that hangs up at the end, upon which the service's end must end by itself."""
    call = Call(settings)
    async with calling(call.answer) as client:
        yield client, call
    await call.end()


async def test_what_is_said_arrives_complete_and_what_is_played_is_heard_in_order_without_gaps() -> None:
    script = (400, 1_200, 600, 2_000, 800)
    async with echoed() as (client, call):
        await call.peer.playback.play(tones(*reversed(script)))
        await client.voice.play(tones(*script))
        await call.peer.playback.until_played()
        await until_silent(client.heard)
        await until_silent(call.said)
    assert_says(bytes(call.said), script, 0.3)
    assert_says(bytes(client.heard), script[::-1], 0.3)


async def test_what_is_not_played_yet_can_be_dropped_and_what_comes_after_is_heard() -> None:
    async with echoed() as (client, call):
        await call.peer.playback.play(tones(400, 1_200, seconds=5))
        await client.until(lambda: any(client.heard))
        await asyncio.sleep(0.2)
        call.peer.playback.clear()
        await call.peer.playback.play(tone(2_000, 0.3))
        await call.peer.playback.until_played()
        await until_silent(client.heard)
    assert [hertz for hertz, _ in runs(bytes(client.heard)) if hertz] == [400, 2_000]


async def test_events_of_any_size_arrive_in_order_both_ways() -> None:
    sizes = (0, 1, 1_500, 200_000, 3)
    async with echoed() as (client, _):
        for number, size in enumerate(sizes):
            client.send({"type": "x", "number": number, "text": "x" * size})
        client.channel.send(b'{"type": "in bytes"}')
        await client.until_event("in bytes")
    assert [event.get("number") for event in client.events] == [0, 1, 2, 3, 4, None]
    assert [len(event["text"]) for event in client.events[:-1]] == list(sizes)


async def test_a_client_that_hangs_up_ends_the_call() -> None:
    async with echoed() as (_, call):
        pass
    assert (await call.peer.channel.receive())["type"] == "websocket.disconnect"
    with pytest.raises(WebSocketDisconnect):
        await call.peer.channel.send_text("{}")
    await call.peer.playback.play(tone(400, 90))
    await call.peer.playback.play(tone(400, 1))
    await call.peer.playback.until_played()


async def test_a_call_to_which_its_client_never_connects_ends() -> None:
    client = WebRTCClient()
    call = Call(OpenAISettings(webrtc_connect_s=0.2))
    await call.answer(await client.offer())
    await call.end()
    await client.close()


async def test_a_client_that_offers_events_and_opens_no_channel_for_them_is_not_connected() -> None:
    call = Call(OpenAISettings(webrtc_connect_s=0.5))
    client = WebRTCClient()
    client.channel.close()
    client.connection.createDataChannel("another")
    answer = await call.answer(await client.offer())
    await client.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await client.until(client.closed.is_set)
    await call.end()
    await client.close()


async def test_a_call_may_have_no_channel_for_events() -> None:
    call = Call(SETTINGS)
    client = WebRTCClient(has_events=False)
    answer = await call.answer(await client.offer())
    await client.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await call.peer.channel.send_text("{}")
    await call.peer.playback.play(tone(400, 0.3))
    await call.peer.playback.until_played()
    await until_silent(client.heard)
    await client.close()
    await call.end()
    assert_says(bytes(client.heard), [400], 0.3)


async def test_the_service_can_hang_up() -> None:
    call = Call(SETTINGS)
    async with calling(call.answer) as client:
        await call.peer.close()
        await client.until(client.closed.is_set)
    await call.end()


async def test_a_call_takes_a_port_of_the_range_on_every_address() -> None:
    settings = OpenAISettings(webrtc_ports=(40_100, 40_400))
    async with echoed(settings) as (_, call):
        sdp = call.peer._connection.localDescription.sdp
        candidates = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp)
        assert "127.0.0.1" in [address for address, _ in candidates]
        assert all(40_100 <= int(port) <= 40_400 for _, port in candidates)


async def test_a_range_without_a_free_port_refuses_calls_until_one_is_free() -> None:
    client = WebRTCClient()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::", 0))
        port = taken.getsockname()[1]
        peer = Peer(await client.offer(), OpenAISettings(webrtc_ports=(port, port)))
        with pytest.raises(Overloaded, match=f"no UDP port from {port} to {port} is free"):
            await peer.answer()
        await peer.close()
    await client.close()
    async with echoed(OpenAISettings(webrtc_ports=(port, port))) as (client, _):
        client.send({"type": "hello"})
        await client.until_event("hello")
