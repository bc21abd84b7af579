"""What a client has sent and its session has not processed yet: checked, in order, and bounded.

A door must read its socket promptly, because some proxies buffer without limit what is not read. So nothing
here waits to accept a message: a message that breaks a limit is refused with an error.
"""

import asyncio
import time
from collections.abc import Callable

from sokuji.config import Limits
from sokuji.errors import InvalidAudio, InvalidRequest, Overloaded, TooLarge
from sokuji.session.conversation import Command, ConversationSettings, Message

MAX_QUEUED_MESSAGES = 20_000
"""Bounds floods of tiny messages; seconds of audio have a limit of their own."""


class SessionTooLong(TooLarge):
    """The session has had all the audio it may have; unlike other oversized input this ends it."""


class SessionInput:
    """The messages of one client, oldest first.

    Args:
        limits: of audio per session and of audio that waits.
        drain_s: seconds that an utterance in progress may still take after ``drain``.
        begin_ms: time of the first sample, where a conversation resumes.
        acknowledged_ms: returns the time up to which everything has been delivered to the client.
    """

    def __init__(
        self, limits: Limits, drain_s: float, begin_ms: int, acknowledged_ms: Callable[[], int]
    ) -> None:
        self._limits = limits
        self._drain_s = drain_s
        self._acknowledged_ms = acknowledged_ms
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._settings: ConversationSettings | None = None
        self._began, self._begin_ms = time.monotonic(), begin_ms
        self._drain_requested = False
        self._drain_by: float | None = None
        self.received_ms = float(begin_ms)
        """Audio accepted so far, including what was sent before a resumption."""
        self.ended = False
        """Whether the client has said that no more audio comes."""
        self.drained = False
        """Whether ``receive`` has ended because the service is going away."""

    def put(self, message: ConversationSettings | Command) -> None:
        """Accept settings or a command.

        Raises:
            InvalidRequest: after ``END``.
            Overloaded: too many messages wait.
        """
        if self.ended:
            raise InvalidRequest("nothing may come after end but cancel; open a new session", param="type")
        self._queue(message)
        if isinstance(message, ConversationSettings):
            self._settings = message
        self.ended = message is Command.END

    def drain(self) -> None:
        """End the input after the messages that are queued now; never refused."""
        if not self.ended and not self._drain_requested:
            self._drain_requested = True
            self._messages.put_nowait(Command.DRAIN)

    def feed(self, pcm: bytes) -> None:
        """Accept interleaved int16 little-endian PCM at the configured rate and channel count.

        Raises:
            InvalidRequest: before the first settings, or after ``END``.
            InvalidAudio: not a whole number of samples; none of it is accepted.
            Overloaded: more audio waits than the limit allows; the session cannot go on.
            SessionTooLong: the session is at its limit; it cannot go on.
        """
        settings = self._settings
        if settings is None:
            raise InvalidRequest("audio came before config; send a config message first", param="type")
        if self.ended:
            raise InvalidRequest("audio came after end; open a new session", param="type")
        frame_bytes = 2 * settings.channels
        if len(pcm) % frame_bytes:
            raise InvalidAudio(
                f"{len(pcm)} bytes are no whole number of {settings.channels}-channel int16 samples "
                f"of {frame_bytes} bytes",
                param="data",
            )
        received_ms = self.received_ms + len(pcm) / frame_bytes * 1_000 / settings.input_sample_rate
        if received_ms > 1_000 * self._limits.max_session_s:
            raise SessionTooLong(f"a session takes at most {self._limits.max_session_s:g} s of audio")
        if received_ms - self._acknowledged_ms() > 1_000 * self._limits.max_backlog_s:
            raise Overloaded(
                f"more than {self._limits.max_backlog_s:g} s of audio wait to be worked on; "
                "send at the pace of speech, or wait for the acks"
            )
        self._queue(pcm)
        self.received_ms = received_ms

    def _queue(self, message: Message) -> None:
        if self._messages.qsize() >= MAX_QUEUED_MESSAGES:
            raise Overloaded("too many small messages wait; send 20 to 100 ms of audio in each")
        self._messages.put_nowait(message)

    async def receive(self, *, in_speech: bool) -> Message | None:
        """Wait for the next message; None at the end of the input.

        The input ends with ``END``. After ``DRAIN`` it ends as soon as nobody speaks (``in_speech`` is
        false), and ``drain_s`` seconds later in any case; ``drained`` is then true.
        """
        if self._drain_by is not None and not in_speech:
            self.drained = True
            return None
        try:
            async with asyncio.timeout_at(self._drain_by):
                message = await self._messages.get()
        except TimeoutError:
            self.drained = True
            return None
        if message is Command.END:
            return None
        now = asyncio.get_running_loop().time()
        if message is Command.DRAIN:
            self._drain_by = now + self._drain_s
        elif self._drain_by is not None and now > self._drain_by:
            self.drained = True
            return None
        return message

    def spoken_at(self, at_ms: int, position_ms: int) -> float:
        """When the audio at ``at_ms`` was spoken (monotonic seconds).

        That is when it arrived. Where audio arrives faster than speech, it is when it would have arrived at
        the pace of speech.

        Args:
            position_ms: how much audio has been processed.
        """
        at_pace = self._began + (at_ms - self._begin_ms) / 1_000
        waiting_ms = self.received_ms - position_ms
        return max(at_pace, time.monotonic() - waiting_ms / 1_000)
