"""What a call of the realtime door tells of its playback, without a network."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import Message

from sokuji.api.openai.wire import encode_audio
from sokuji.api.webrtc.realtime_call_socket import RealtimeCallSocket
from sokuji.config import GatewaySettings

Event = Mapping[str, Any]


class SentFrames:
    """See ``CallFrames``: remembers the types of the events that are sent; what is received is set."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.received: deque[str] = deque()

    async def receive(self) -> Message:
        return {"type": "websocket.receive", "text": self.received.popleft()}

    async def send_text(self, data: str) -> None:
        self.send_soon(json.loads(data))

    async def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        raise NotImplementedError

    def send_soon(self, event: Event) -> None:
        self.kinds.append(event["type"])


def _unexpected(frame: str | bytes) -> None:
    raise AssertionError(frame)


async def _unexpected_error(error: Exception) -> None:
    raise error


class HeldPlayback:
    """See ``Playback``: plays nothing until ``finish``."""

    def __init__(self) -> None:
        self.unplayed = b""
        self.marks: list[Callable[[], None]] = []

    async def play(self, pcm: bytes) -> None:
        self.unplayed += pcm

    def clear(self) -> None:
        self.unplayed = b""
        self.marks.clear()

    def after(self, played: Callable[[], None]) -> None:
        self.marks.append(played)

    async def until_played(self) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """Play everything."""
        self.unplayed = b""
        for mark in self.marks:
            mark()


class Call:
    """A socket, and what comes of the events that are sent to it."""

    def __init__(self) -> None:
        self.frames, self.playback = SentFrames(), HeldPlayback()
        self.socket = RealtimeCallSocket(self.frames, self.playback, GatewaySettings())

    async def say(self, response_id: str, *, status: str | None = "completed") -> None:
        """Send the events of a response; None: it goes on."""
        delta = encode_audio(b"ab")
        await self.socket.send(
            {"type": "response.output_audio.delta", "response_id": response_id, "delta": delta}
        )
        if status is not None:
            await self.socket.send({"type": "response.output_audio.done", "response_id": response_id})
            await self.socket.send(
                {"type": "response.done", "response": {"id": response_id, "status": status}}
            )

    async def clear(self) -> None:
        """Have the client ask for silence."""
        self.frames.received.append(json.dumps({"type": "output_audio_buffer.clear"}))
        await self.socket.handle_frame(_unexpected, _unexpected_error)

    def told(self) -> list[str]:
        """What has been told of the playback."""
        names = (kind.partition(".") for kind in self.frames.kinds)
        return [what for of, _, what in names if of == "output_audio_buffer"]

    async def begin(self, *, interrupt_response: bool) -> None:
        """Send the session."""
        detection = {"type": "server_vad", "interrupt_response": interrupt_response}
        session = {"audio": {"input": {"turn_detection": detection}}}
        await self.socket.send({"type": "session.created", "session": session})


async def test_a_response_stops_when_it_has_been_played() -> None:
    call = Call()
    await call.say("one")
    kinds = ["output_audio_buffer.started", "response.output_audio.done", "response.done"]
    assert call.frames.kinds == kinds
    assert call.playback.unplayed == b"ab"
    call.playback.finish()
    assert call.frames.kinds == [*kinds, "output_audio_buffer.stopped"]


async def test_responses_that_follow_each_other_each_start_and_stop() -> None:
    call = Call()
    await call.say("one")
    await call.say("two")
    call.playback.finish()
    assert call.told() == ["started", "started", "stopped", "stopped"]


async def test_a_response_that_is_cancelled_falls_silent() -> None:
    call = Call()
    await call.say("one", status="cancelled")
    assert call.playback.unplayed == b""
    assert call.frames.kinds[-2:] == ["output_audio_buffer.cleared", "response.done"]
    call.playback.finish()
    assert "output_audio_buffer.stopped" not in call.frames.kinds


async def test_speech_interrupts_what_is_played_where_the_session_says_so() -> None:
    for interrupts in (True, False):
        call = Call()
        await call.begin(interrupt_response=interrupts)
        await call.say("one")
        await call.socket.send({"type": "input_audio_buffer.speech_started"})
        assert ("output_audio_buffer.cleared" in call.frames.kinds) is interrupts
        assert (call.playback.unplayed == b"") is interrupts


async def test_the_rest_of_a_voice_that_was_cleared_is_not_played() -> None:
    call = Call()
    await call.say("one", status=None)
    await call.clear()
    await call.say("one")
    assert call.playback.unplayed == b""
    call.playback.finish()
    assert call.told() == ["started", "cleared"]
    await call.say("two")
    call.playback.finish()
    assert call.told() == ["started", "cleared", "started", "stopped"]


async def test_every_response_that_waits_is_told_when_all_fall_silent() -> None:
    call = Call()
    await call.say("one")
    await call.say("two", status=None)
    await call.clear()
    await call.clear()
    await call.say("two")
    assert call.told() == ["started", "started", "cleared", "cleared"]
    assert call.playback.unplayed == b""
