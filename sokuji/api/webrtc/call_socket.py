"""A call as the socket of a door: the events that carry audio there stand for the tracks of the call.

So a door serves calls as it serves WebSockets. What comes on the client's track reaches it as its event that
appends audio; the audio in its own events is played, and the event is not sent.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from sokuji.api.client_socket import ClientSocket, FrameChannel
from sokuji.api.openai.wire import InvalidEvent, decode_audio, encode_audio
from sokuji.api.playback import Playback
from sokuji.config import GatewaySettings
from sokuji.errors import SokujiError

T = TypeVar("T")
Event = Mapping[str, Any]


class AudioEvents(NamedTuple):
    """The events of a door that carry audio, PCM16 mono at ``CALL_RATE``."""

    append: str
    """Of the client, with ``audio``."""
    delta: str
    """Of the service, with ``delta``."""


class CallSocket(ClientSocket):
    """See ``ClientSocket``; binary frames of ``channel`` are what the client says."""

    def __init__(
        self, channel: FrameChannel, playback: Playback, audio_events: AudioEvents, settings: GatewaySettings
    ) -> None:
        super().__init__(channel, settings.limits, settings.openai.max_event_bytes)
        self._playback = playback
        self._audio_events = audio_events

    async def handle_frame(
        self,
        handle: Callable[[str | bytes], T],
        report: Callable[[SokujiError], Awaitable[None]],
        *,
        may_be_idle: bool = False,
    ) -> T | None:
        """See ``ClientSocket``."""
        own: Callable[[], Awaitable[None]] | None = None

        def handle_event(frame: str | bytes) -> T | None:
            nonlocal own
            if isinstance(frame, bytes):
                # A microphone goes on when the client has said that it has nothing more to say.
                return None if may_be_idle else handle(self._appending(frame))
            own = self._handler_of(_parsed(frame))
            return handle(frame) if own is None else None

        handled = await super().handle_frame(handle_event, report, may_be_idle=may_be_idle)
        if own is not None:
            await own()
        return handled

    async def send(self, frame: Event | bytes) -> None:
        """See ``ClientSocket``."""
        if not isinstance(frame, bytes) and frame["type"] == self._audio_events.delta:
            await self._playback.play(decode_audio(frame["delta"]))
        else:
            await super().send(frame)

    def _handler_of(self, event: Event) -> Callable[[], Awaitable[None]] | None:
        """What is done for an event that is not the door's; None: it is.

        Raises:
            InvalidEvent: there is no such event in a call.
        """
        if event.get("type") == self._audio_events.append:
            raise refusal(event, "in a call, audio comes on the track", "type")
        return None

    def _appending(self, pcm: bytes) -> str:
        return json.dumps({"type": self._audio_events.append, "audio": encode_audio(pcm)})


def refusal(event: Event, message: str, param: str) -> InvalidEvent:
    """The error for an event that is not accepted."""
    event_id = event.get("event_id")
    return InvalidEvent(message, param=param, event_id=event_id if isinstance(event_id, str) else None)


def _parsed(frame: str) -> Event:
    """The JSON object of a frame; empty: it is none, which the door reports."""
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
