"""The async client of the service's WebSocket API, ``/api/v1/ws/translate``.

    async with connect("http://127.0.0.1:8000", Config(target_language="en")) as conversation:
        async for event in conversation.converse(frames):
            ...

A background task receives all the time, so that acknowledgements count at once; events wait in a bounded
queue until they are iterated over. When that is full nothing more is read, and the service feels it.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from dataclasses import asdict, dataclass
from typing import Literal

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from sokuji.client.dial import ConnectionLost, dial, hang_up, lost, messages
from sokuji.client.wire import ProtocolViolation, decode
from sokuji.errors import InvalidAudio
from sokuji.events import Ack, Done, Event, Failed, Ready

DEFAULT_WINDOW_S = 60.0
"""Audio sent but not acknowledged: twice the longest utterance, and half of what a service lets wait."""
PIECE_MS = 100
"""Longest audio of one message."""
QUEUED_EVENTS = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What is spoken and what is wanted; the ``config`` message of the API."""

    target_language: str
    source_language: str = "auto"
    voice_id: str = "default"
    sample_rate: int = 16_000
    """Hz of the audio that will be sent."""
    channels: int = 1
    """Interleaved channels of it."""
    output: Literal["audio", "captions"] = "audio"
    output_sample_rate: int | None = None
    """Hz of the voice; None: its own."""
    speed: float = 1.0
    context: str = ""
    """Names and words that are likely to be heard."""
    audio_encoding: Literal["pcm_binary", "wav_base64"] = "pcm_binary"
    """How the voice travels; its events carry PCM either way."""


@contextlib.asynccontextmanager
async def connect(
    url: str, config: Config, *, window_s: float = DEFAULT_WINDOW_S
) -> AsyncIterator["TranslationClient"]:
    """Open a conversation and close it afterwards.

    Args:
        url: the service, for example ``http://127.0.0.1:8000``.
        window_s: how many seconds of audio may be under way before ``send`` waits for acknowledgements.

    Raises:
        ServiceUnreachable: nothing answers there, or not with this API.
        SokujiError: the service refuses the config; the class says why.
    """
    socket = await dial(url)
    client = TranslationClient(socket, config, window_s)
    receiving = asyncio.create_task(client._receive())
    try:
        await client._begin()
        yield client
    finally:
        receiving.cancel()
        await asyncio.wait([receiving])
        await hang_up(socket)


class TranslationClient:
    """One conversation; ``connect`` opens it.

    Events must be iterated over while audio is sent, in another task or with ``converse``: a service whose
    answers nobody reads stops listening.
    """

    ready: Ready

    def __init__(self, socket: ClientConnection, config: Config, window_s: float) -> None:
        self.config = config
        self.sent_ms = 0.0
        self.acked_ms = 0
        """Everything that was said before this time has been delivered."""
        self._socket = socket
        self._window_ms = 1_000 * window_s
        self._frame_bytes = 2 * config.channels
        self._inbox: asyncio.Queue[Event | None] = asyncio.Queue(QUEUED_EVENTS)
        self._acked = asyncio.Event()
        self._over = False
        self._failure: Exception | None = None

    async def send(self, pcm: bytes) -> None:
        """Send interleaved int16 little-endian PCM, as much as there is, waiting for the service to keep up.

        Raises:
            InvalidAudio: no whole number of samples; nothing is sent.
            SokujiError: the conversation is over; the class says why.
        """
        if len(pcm) % self._frame_bytes:
            raise InvalidAudio(
                f"{len(pcm)} bytes are no whole number of {self.config.channels}-channel int16 samples"
            )
        size = self.config.sample_rate * PIECE_MS // 1_000 * self._frame_bytes
        for start in range(0, len(pcm), size):
            piece = pcm[start : start + size]
            ms = len(piece) / self._frame_bytes * 1_000 / self.config.sample_rate
            await self._wait_for_room(ms)
            await self._transmit(piece)
            self.sent_ms += ms

    async def flush(self) -> None:
        """The utterance ends here, whatever the voice activity says."""
        await self._transmit(json.dumps({"type": "flush"}))

    async def end(self) -> None:
        """No more audio: the service finishes everything and the iteration ends with ``Done``."""
        await self._transmit(json.dumps({"type": "end"}))

    async def cancel(self) -> None:
        """Stop the voice and drop what has not been spoken yet; captions stay."""
        await self._transmit(json.dumps({"type": "cancel"}))

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events in order, up to ``Done``.

        A ``Failed`` among them concerns one message or one utterance; the conversation goes on.

        Raises:
            ConnectionLost: it ended too early.
            SokujiError: the service ended it; the class says why.
        """
        while not (self._over and self._inbox.empty()):
            event = await self._inbox.get()
            if event is not None:
                yield event
        if self._failure is not None:
            raise self._failure

    async def converse(self, frames: AsyncIterable[bytes]) -> AsyncGenerator[Event, None]:
        """Send all ``frames``, then ``end``, and meanwhile yield the events, up to ``Done``.

        Raises:
            Exception: whatever ``frames``, ``send`` or the iteration over events raises.
        """
        sending = asyncio.create_task(self._send_all(frames))
        try:
            async for event in self:
                yield event
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    async def _send_all(self, frames: AsyncIterable[bytes]) -> None:
        try:
            async for pcm in frames:
                await self.send(pcm)
            await self.end()
        except ConnectionLost:
            return  # The receiving side knows better why.
        except Exception as error:
            self._finish(error)

    async def _begin(self) -> None:
        fields = {name: value for name, value in asdict(self.config).items() if value is not None}
        with contextlib.suppress(ConnectionLost):  # A service that is full says so, and closes, at once.
            await self._transmit(json.dumps({"type": "config", **fields}))
        first = await self._inbox.get()
        if isinstance(first, Failed):
            raise first.error
        if first is None and self._failure is not None:
            raise self._failure
        if not isinstance(first, Ready):
            raise ProtocolViolation(f"the service began with {type(first).__name__} instead of Ready")
        self.ready = first

    async def _wait_for_room(self, ms: float) -> None:
        while not self._over and self.sent_ms + ms - self.acked_ms > self._window_ms:
            self._acked.clear()
            await self._acked.wait()

    async def _transmit(self, message: str | bytes) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            await self._socket.send(message)
        except ConnectionClosed as closed:
            raise self._failure or lost(closed) from None

    async def _receive(self) -> None:
        """Take events until the end, whatever it is."""
        try:
            async for event in decode(messages(self._socket)):
                if isinstance(event, Failed) and event.fatal:
                    raise event.error
                if isinstance(event, Ack):
                    self.acked_ms = event.through_ms
                    self._acked.set()
                await self._inbox.put(event)
                if isinstance(event, Done):
                    return self._finish(None)
        except Exception as error:
            self._finish(error)

    def _finish(self, failure: Exception | None) -> None:
        """Nothing more will come: what waits for room or for an event goes on."""
        self._failure = self._failure or failure
        self._over = True
        self._acked.set()
        if self._inbox.empty():
            self._inbox.put_nowait(None)
