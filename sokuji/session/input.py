"""What a client has sent and its session has not worked on yet: checked, in order, and bounded.

A door must read its socket promptly, for behind some proxies what is not read piles up without limit. So
nothing here waits: what may not come in is refused, and a client that is too fast is told to slow down by an
error rather than by a queue that grows.
"""

import asyncio

from sokuji.config import Limits
from sokuji.errors import InvalidAudio, InvalidRequest, Overloaded, TooLarge
from sokuji.session.conversation import Command, ConversationSettings, Message

QUEUED_MESSAGES = 20_000
"""Only a bound against floods of tiny messages; seconds of audio have their own limit."""


class SessionTooLong(TooLarge):
    """The session has had all the audio it may have; unlike other oversized input this ends it."""


class SessionInput:
    """The messages of one client, oldest first."""

    def __init__(self, limits: Limits, begin_ms: int = 0) -> None:
        self._limits = limits
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._conversation: ConversationSettings | None = None
        self.received_ms = float(begin_ms)
        """Audio taken so far, with what came before a resumption."""
        self.delivered_ms = begin_ms
        """Everything said before this has been delivered; the session moves it on."""
        self.ended = False
        """Whether the client has said that no more audio comes."""

    async def get(self) -> Message:
        """The next message, when there is one."""
        return await self._messages.get()

    def put(self, message: ConversationSettings | Command) -> None:
        """Take settings or a command.

        Raises:
            InvalidRequest: after ``END``.
            Overloaded: too many messages wait.
        """
        if self.ended:
            raise InvalidRequest("nothing may come after end but cancel; open a new session", param="type")
        self._queue(message)
        if isinstance(message, ConversationSettings):
            self._conversation = message
        self.ended = message is Command.END

    def drain(self) -> None:
        """Ask for the end of the conversation on this side, behind what has come; never refused."""
        if not self.ended:
            self._messages.put_nowait(Command.DRAIN)

    def feed(self, pcm: bytes) -> None:
        """Take interleaved int16 little-endian PCM at the configured rate and channel count.

        Raises:
            InvalidRequest: before the first settings, or after ``END``.
            InvalidAudio: not a whole number of samples; nothing of it is taken.
            Overloaded: more audio waits than the limit allows; the session cannot go on.
            SessionTooLong: the session is at its limit; it cannot go on.
        """
        conversation = self._conversation
        if conversation is None:
            raise InvalidRequest("audio came before config; send a config message first", param="type")
        if self.ended:
            raise InvalidRequest("audio came after end; open a new session", param="type")
        frame_bytes = 2 * conversation.channels
        if len(pcm) % frame_bytes:
            raise InvalidAudio(
                f"{len(pcm)} bytes are no whole number of {conversation.channels}-channel int16 samples "
                f"of {frame_bytes} bytes",
                param="data",
            )
        received_ms = self.received_ms + len(pcm) / frame_bytes * 1_000 / conversation.input_sample_rate
        if received_ms > 1_000 * self._limits.max_session_s:
            raise SessionTooLong(f"a session takes at most {self._limits.max_session_s:g} s of audio")
        if received_ms - self.delivered_ms > 1_000 * self._limits.max_backlog_s:
            raise Overloaded(
                f"more than {self._limits.max_backlog_s:g} s of audio wait to be worked on; "
                "send at the pace of speech, or wait for the acks"
            )
        self._queue(pcm)
        self.received_ms = received_ms

    def _queue(self, message: Message) -> None:
        if self._messages.qsize() >= QUEUED_MESSAGES:
            raise Overloaded("too many small messages wait; send 20 to 100 ms of audio in each")
        self._messages.put_nowait(message)
