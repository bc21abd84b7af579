"""The async client of the service's WebSocket API, ``/api/v1/ws/translate``.

    async with connect("http://127.0.0.1:8000", Config(target_language="en")) as conversation:
        async for event in conversation.converse(frames):
            ...

A background task receives all the time, so that acknowledgements take effect at once; events wait in a
bounded queue until the application iterates over them. When the queue is full, the task stops reading and the
service stops sending. When the connection is lost, the task opens a new one and resumes the conversation:
audio that the service has not acknowledged is sent again, and repeated events are not passed on.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

from sokuji.client.config import Config
from sokuji.client.connection import Connection, open_connection
from sokuji.client.deduplication import Deduplicator
from sokuji.client.handshake import ConnectionLost
from sokuji.client.reconnection import RESUME_WITHIN_S, Backoff, Reconnection, jittered_backoff
from sokuji.client.send_buffer import SendBuffer
from sokuji.events import Ack, Done, Event, Failed
from sokuji.protocol import Command, ConfigFields

log = logging.getLogger(__name__)

DEFAULT_WINDOW_S = 60.0
"""Audio sent but not acknowledged: twice the longest utterance, and half of what a service buffers."""
MAX_MESSAGE_MS = 100
"""Longest audio of one message."""
MAX_QUEUED_EVENTS = 1_024


@contextlib.asynccontextmanager
async def connect(
    url: str,
    config: Config,
    *,
    api_key: str | None = None,
    window_s: float = DEFAULT_WINDOW_S,
    resume_within_s: float = RESUME_WITHIN_S,
    backoff: Backoff = jittered_backoff,
) -> AsyncIterator["TranslationClient"]:
    """Open a conversation and close it afterwards.

    Args:
        url: the service, for example ``http://127.0.0.1:8000``; its gRPC is ``grpc://127.0.0.1:50051``, or
            ``grpcs://`` with TLS, and needs the extra ``grpc``.
        api_key: of the service, or a client secret; None: that of the environment variable
            ``SOKUJI_API_KEY``, if it is set.
        window_s: seconds of audio that may be unacknowledged before ``send`` waits. This audio is kept in
            memory, to be sent again after a loss.
        resume_within_s: how long to try to reconnect after a loss; 0: do not reconnect.
        backoff: seconds to wait before each attempt.

    Raises:
        ServiceUnreachable: nothing answers there, or a server without this API.
        Unauthenticated: the service does not accept the key, or needs one.
        SokujiError: the service refuses the config; the class says why.
    """
    connection = await open_connection(url, config.message(), api_key)

    async def open_again(message: ConfigFields) -> Connection:
        return await open_connection(url, message, api_key)

    reconnection = Reconnection(open_again, resume_within_s, backoff)
    client = TranslationClient(connection, config, window_s, reconnection)
    receiving = asyncio.create_task(client._run())
    try:
        yield client
    finally:
        receiving.cancel()
        await asyncio.wait([receiving])
        await client._connection.close()


class TranslationClient:
    """One conversation; ``connect`` opens it.

    Iterate over the events while sending audio, in another task or with ``converse``: a service whose events
    are not read stops accepting audio.
    """

    def __init__(
        self,
        connection: Connection,
        config: Config,
        window_s: float,
        reconnection: Reconnection[ConfigFields, Connection],
    ) -> None:
        self.config = config
        self.ready = connection.ready
        self.resumptions = 0
        """How many times the conversation was resumed over a new connection."""
        self._connection = connection
        self._window_ms = 1_000 * window_s
        self._reconnection = reconnection
        self._send_buffer = SendBuffer(config.sample_rate, config.channels)
        self._deduplicator = Deduplicator()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(MAX_QUEUED_EVENTS)
        """None wakes an iteration that waits when the conversation ends."""
        self._acked = asyncio.Event()
        self._finished = False
        self._failure: Exception | None = None

    @property
    def sent_ms(self) -> float:
        """Audio accepted by ``send`` so far."""
        return self._send_buffer.position_ms

    @property
    def acked_ms(self) -> int:
        """The results of all speech before this time have been delivered."""
        return self._deduplicator.acked.through_ms

    async def send(self, pcm: bytes) -> None:
        """Send interleaved int16 little-endian PCM of any length; waits while the window is full.

        It may end anywhere: the next call continues its last sample.

        Raises:
            SokujiError: the conversation is over; the class says why.
        """
        pcm = self._send_buffer.whole_samples(pcm)
        size = 2 * self.config.channels * (self.config.sample_rate * MAX_MESSAGE_MS // 1_000)
        for start in range(0, len(pcm), size):
            part = pcm[start : start + size]
            await self._wait_for_window(self._send_buffer.duration_ms(part))
            self._enqueue(part)

    async def flush(self) -> None:
        """End the current utterance here, whatever the voice activity detection says."""
        self._enqueue("flush")

    async def end(self) -> None:
        """End the audio: the service processes the rest, and the iteration ends with ``Done``."""
        self._enqueue("end")

    async def cancel(self) -> None:
        """Stop the voice and drop what has not been spoken yet; captions still come."""
        self._enqueue("cancel")
        self._deduplicator.cancel_audio()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events in order, up to ``Done``.

        A ``Failed`` among them concerns one message or one utterance; the conversation continues.

        Raises:
            ConnectionLost: the connection was lost and the conversation could not be resumed.
            SokujiError: the service ended the conversation; the class says why.
        """
        while not (self._finished and self._events.empty()):
            event = await self._events.get()
            if event is not None:
                yield event
        if self._failure is not None:
            raise self._failure

    async def converse(self, frames: AsyncIterable[bytes]) -> AsyncGenerator[Event, None]:
        """Send all ``frames`` and then ``end``, and meanwhile yield the events, up to ``Done``.

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
            return  # The receiving task reports it.
        except Exception as error:
            self._finish(error)

    async def _wait_for_window(self, ms: float) -> None:
        while not self._finished and self.sent_ms + ms - self.acked_ms > self._window_ms:
            self._acked.clear()
            await self._acked.wait()

    def _enqueue(self, content: bytes | Command) -> None:
        if self._failure is not None:
            raise self._failure
        self._send_buffer.put(content)

    async def _run(self) -> None:
        """Receive events until the conversation ends, over as many connections as that takes."""
        try:
            while (loss := await self._receive(self._connection)) is not None:
                self._connection = await self._resume(loss)
        except Exception as error:
            self._finish(error)
        else:
            self._finish(None)

    async def _receive(self, connection: Connection) -> ConnectionLost | None:
        """Send and receive over a connection, up to ``Done`` (None) or to its loss."""
        sending = asyncio.create_task(connection.send_all(self._send_buffer))
        try:
            async for event in connection.events:
                await self._process(event)
                if isinstance(event, Done):
                    break
        except ConnectionLost as loss:
            return loss
        finally:
            sending.cancel()
            await asyncio.wait([sending])
        return None

    async def _process(self, event: Event) -> None:
        if isinstance(event, Failed) and event.fatal:
            raise event.error
        if isinstance(event, Ack):
            self._send_buffer.acknowledge(event.through_ms)
            self._reconnection.reset()
        delivered = self._deduplicator.process(event)
        self._acked.set()
        if delivered is not None:
            await self._events.put(delivered)

    async def _resume(self, loss: ConnectionLost) -> Connection:
        session_id, ack = self.ready.session_id, self._deduplicator.acked
        log.info("session %s: %s", session_id, loss.message)
        config: ConfigFields = {
            **self.config.message(),
            "session_id": session_id,
            "resume_from_ms": ack.through_ms,
            "resume_text": ack.text,
        }
        connection = await self._reconnection.connect(loss, config)
        self.resumptions += 1
        log.info("session %s resumed at %d ms", session_id, ack.through_ms)
        self._send_buffer.rewind()
        self._deduplicator.resume()
        return connection

    def _finish(self, failure: Exception | None) -> None:
        """End the conversation, and wake the tasks that wait for the window or for an event."""
        self._failure = self._failure or failure
        self._finished = True
        self._acked.set()
        if self._events.empty():
            self._events.put_nowait(None)
