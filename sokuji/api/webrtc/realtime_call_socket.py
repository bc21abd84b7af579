"""A call of ``/v1/realtime``: a client is told which response it hears, and can have it fall silent.

OpenAI has these events for calls only: ``output_audio_buffer.started``, ``stopped`` and ``cleared`` of the
service, ``output_audio_buffer.clear`` of the client. A response falls silent as well when it is cancelled,
and when somebody speaks in a session whose turn detection has ``interrupt_response``.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from sokuji.api.client_socket import FrameChannel
from sokuji.api.openai.wire import server_event
from sokuji.api.playback import Playback
from sokuji.api.webrtc.call_socket import AudioEvents, CallSocket, Event, refusal
from sokuji.config import GatewaySettings

AUDIO_EVENTS = AudioEvents("input_audio_buffer.append", "response.output_audio.delta")
PCM = "audio/pcm"


class CallFrames(FrameChannel, Protocol):
    """The messages of a call."""

    def send_soon(self, event: Event) -> None:
        """Send an event without waiting, unless the client has gone."""


class RealtimeCallSocket(CallSocket):
    """See ``CallSocket``."""

    def __init__(self, channel: CallFrames, playback: Playback, settings: GatewaySettings) -> None:
        super().__init__(channel, playback, AUDIO_EVENTS, settings)
        self._call = channel
        self._playing: dict[str, bool] = {}
        """The responses that are played or wait for it, in order, and whether all of their voice has come."""
        self._silenced: set[str] = set()
        """Responses that were cleared while their voice was still coming: the rest of it is not played."""
        self._is_interrupted = False
        """Whether speech ends what is being played."""

    async def send(self, frame: Event | bytes) -> None:
        """See ``ClientSocket``."""
        event = {} if isinstance(frame, bytes) else frame
        kind = event.get("type")
        if kind == AUDIO_EVENTS.delta and event["response_id"] in self._silenced:
            return
        if kind == "response.done" and event["response"]["status"] == "cancelled":
            await self._clear(event["response"]["id"])
        await super().send(frame)
        if kind in ("session.created", "session.updated"):
            detection = ("session", "audio", "input", "turn_detection", "interrupt_response")
            self._is_interrupted = bool(_at(event, *detection))
        elif kind == "input_audio_buffer.speech_started" and self._is_interrupted:
            await self._clear()
        elif kind == AUDIO_EVENTS.delta:
            await self._begin_voice(event["response_id"])
        elif kind == "response.output_audio.done":
            self._end_voice(event["response_id"])

    def _handler_of(self, event: Event) -> Callable[[], Awaitable[None]] | None:
        if event.get("type") == "output_audio_buffer.clear":
            return self._clear
        for direction in ("input", "output"):
            kind = _at(event, "session", "audio", direction, "format", "type")
            if kind not in (None, PCM):
                path = f"session.audio.{direction}.format"
                raise refusal(event, f"{path}: a call has tracks of Opus; accepted: {PCM}", path)
        return super()._handler_of(event)

    async def _clear(self, response_id: str | None = None) -> None:
        """Fall silent; with a response: only if that one is played or waits for it."""
        if response_id is not None and response_id not in self._playing:
            return
        cleared, self._playing = self._playing, {}
        self._silenced.update(each for each, has_all_come in cleared.items() if not has_all_come)
        self._playback.clear()
        for each in cleared:
            await super().send(_about("cleared", each))

    async def _begin_voice(self, response_id: str) -> None:
        """Some of the voice of a response has come; it may have been cleared meanwhile."""
        if response_id not in self._playing and response_id not in self._silenced:
            self._playing[response_id] = False
            await super().send(_about("started", response_id))

    def _end_voice(self, response_id: str) -> None:
        """All of the voice of a response has come."""
        self._silenced.discard(response_id)
        if response_id in self._playing:
            self._playing[response_id] = True
            self._playback.after(partial(self._stop, response_id))

    def _stop(self, response_id: str) -> None:
        del self._playing[response_id]
        self._call.send_soon(_about("stopped", response_id))


def _about(what: str, response_id: str) -> Event:
    return server_event(f"output_audio_buffer.{what}", response_id=response_id)


def _at(event: object, *path: str) -> object:
    """The value at a path; None: there is none."""
    for name in path:
        event = event.get(name) if isinstance(event, dict) else None
    return event
