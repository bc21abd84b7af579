"""The async client of the service's WebSocket API, ``/api/v1/ws/translate``.

    async with connect("http://127.0.0.1:8000", Config(target_language="en")) as conversation:
        async for event in conversation.converse(frames):
            ...

A background task receives all the time, so that acknowledgements count at once; events wait in a bounded
queue until they are iterated over. When that is full nothing more is read, and the service feels it. When the
connection is lost, that task opens a new one, on which the conversation is resumed: what the service has not
acknowledged is sent once more, and what the application has is not handed to it again.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any

from sokuji.client.config import Config
from sokuji.client.connection import Connection, open_link
from sokuji.client.handshake import ConnectionLost
from sokuji.client.reconnection import RESUME_WITHIN_S, Backoff, Reconnection, jittered
from sokuji.client.resumption import Continuity
from sokuji.client.send_buffer import Command, SendBuffer
from sokuji.events import Ack, Done, Event, Failed

log = logging.getLogger(__name__)

DEFAULT_WINDOW_S = 60.0
"""Audio sent but not acknowledged: twice the longest utterance, and half of what a service lets wait."""
PIECE_MS = 100
"""Longest audio of one message."""
QUEUED_EVENTS = 1_024


@contextlib.asynccontextmanager
async def connect(
    url: str,
    config: Config,
    *,
    window_s: float = DEFAULT_WINDOW_S,
    resume_within_s: float = RESUME_WITHIN_S,
    backoff: Backoff = jittered,
) -> AsyncIterator["TranslationClient"]:
    """Open a conversation and close it afterwards.

    Args:
        url: the service, for example ``http://127.0.0.1:8000``.
        window_s: how many seconds of audio may be under way before ``send`` waits for acknowledgements; they
            are kept in memory, to be sent again.
        resume_within_s: how long to look for the service after the connection is lost; 0: do not.
        backoff: seconds to wait before each attempt.

    Raises:
        ServiceUnreachable: nothing answers there, or not with this API.
        SokujiError: the service refuses the config; the class says why.
    """
    link = await open_link(url, config.message())
    client = TranslationClient(link, config, window_s, Reconnection(url, resume_within_s, backoff))
    running = asyncio.create_task(client._run())
    try:
        yield client
    finally:
        running.cancel()
        await asyncio.wait([running])
        await client._link.close()


class TranslationClient:
    """One conversation; ``connect`` opens it.

    Events must be iterated over while audio is sent, in another task or with ``converse``: a service whose
    answers nobody reads stops listening.
    """

    def __init__(self, link: Connection, config: Config, window_s: float, reconnection: Reconnection) -> None:
        self.config = config
        self._link = link
        self.ready = link.ready
        self.resumptions = 0
        """How often the connection was lost and the conversation went on over a new one."""
        self._window_ms = 1_000 * window_s
        self._reconnection = reconnection
        self._outbox = SendBuffer(config.sample_rate, config.channels)
        self._continuity = Continuity()
        self._inbox: asyncio.Queue[Event | None] = asyncio.Queue(QUEUED_EVENTS)
        self._acked = asyncio.Event()
        self._over = False
        self._failure: Exception | None = None

    @property
    def sent_ms(self) -> float:
        """How much audio there has been."""
        return self._outbox.position_ms

    @property
    def acked_ms(self) -> int:
        """Everything that was said before this time has been delivered."""
        return self._continuity.acked.through_ms

    async def send(self, pcm: bytes) -> None:
        """Send interleaved int16 little-endian PCM, as much as there is, waiting for the service to keep up.

        Raises:
            InvalidAudio: no whole number of samples; nothing is sent.
            SokujiError: the conversation is over; the class says why.
        """
        self._outbox.duration_ms(pcm)
        size = 2 * self.config.channels * (self.config.sample_rate * PIECE_MS // 1_000)
        for start in range(0, len(pcm), size):
            piece = pcm[start : start + size]
            await self._wait_for_room(self._outbox.duration_ms(piece))
            self._put(piece)

    async def flush(self) -> None:
        """The utterance ends here, whatever the voice activity says."""
        self._put("flush")

    async def end(self) -> None:
        """No more audio: the service finishes everything and the iteration ends with ``Done``."""
        self._put("end")

    async def cancel(self) -> None:
        """Stop the voice and drop what has not been spoken yet; captions stay."""
        self._put("cancel")
        self._continuity.mute()

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

    async def _wait_for_room(self, ms: float) -> None:
        while not self._over and self.sent_ms + ms - self.acked_ms > self._window_ms:
            self._acked.clear()
            await self._acked.wait()

    def _put(self, content: bytes | Command) -> None:
        if self._failure is not None:
            raise self._failure
        self._outbox.put(content)

    async def _run(self) -> None:
        """Take events until the end, whatever it is, over as many connections as it needs."""
        try:
            while (loss := await self._use(self._link)) is not None:
                self._link = await self._resume(loss)
        except Exception as error:
            self._finish(error)
        else:
            self._finish(None)

    async def _use(self, link: Connection) -> ConnectionLost | None:
        """Converse over a connection, up to ``Done`` or to its loss."""
        sending = asyncio.create_task(link.send_all(self._outbox))
        try:
            async for event in link.events:
                await self._take(event)
                if isinstance(event, Done):
                    break
        except ConnectionLost as loss:
            return loss
        finally:
            sending.cancel()
            await asyncio.wait([sending])
        return None

    async def _take(self, event: Event) -> None:
        if isinstance(event, Failed) and event.fatal:
            raise event.error
        if isinstance(event, Ack):
            self._outbox.acknowledge(event.through_ms)
            self._reconnection.progressed()
        told = self._continuity.take(event)
        self._acked.set()
        if told is not None:
            await self._inbox.put(told)

    async def _resume(self, loss: ConnectionLost) -> Connection:
        session, begin = self.ready.session_id, self._continuity.acked
        log.info("session %s: %s", session, loss.message)
        resuming = {"session_id": session, "resume_from_ms": begin.through_ms, "resume_text": begin.text}
        config: dict[str, Any] = {**self.config.message(), **resuming}
        link = await self._reconnection.link(loss, config)
        self.resumptions += 1
        log.info("session %s resumed at %d ms", session, begin.through_ms)
        self._outbox.rewind()
        self._continuity.resume()
        return link

    def _finish(self, failure: Exception | None) -> None:
        """Nothing more will come: what waits for room or for an event goes on."""
        self._failure = self._failure or failure
        self._over = True
        self._acked.set()
        if self._inbox.empty():
            self._inbox.put_nowait(None)
