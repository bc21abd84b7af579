"""Audio and commands of the client, in order, kept until the service acknowledges them.

Messages stay in the buffer after they are sent, so that they can be sent again over another connection. Audio
that is late because more than one message waits is sent as one: a message costs the service as much as some
tens of milliseconds of audio.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

from sokuji.protocol import Command

MAX_JOINED_MS = 500
"""Audio that is joined to one message: at 48 kHz in stereo a tenth of what a service accepts by default."""


@dataclass(frozen=True, slots=True)
class _BufferedMessage:
    """``start`` and ``end``: its position in the audio, in frames (one sample of every channel)."""

    content: bytes | Command
    start: int
    end: int


class SendBuffer:
    """The messages of one conversation.

    Args:
        sample_rate: Hz.
        channels: interleaved channels of int16 samples.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._frame_bytes = 2 * channels
        self._partial = b""
        """The begin of a sample of all channels whose end comes with the next audio."""
        self._messages: deque[_BufferedMessage] = deque()
        self._sent = 0
        """How many of ``_messages`` have been taken."""
        self._end = 0
        self._acked = 0
        self._added = asyncio.Event()

    @property
    def position_ms(self) -> float:
        """Length of all audio added so far."""
        return self._end * 1_000 / self._rate

    @property
    def kept_bytes(self) -> int:
        """Audio held in memory."""
        return sum(len(each.content) for each in self._messages if isinstance(each.content, bytes))

    def duration_ms(self, pcm: bytes) -> float:
        """Length of a chunk of audio."""
        return len(pcm) / self._frame_bytes * 1_000 / self._rate

    def whole_samples(self, pcm: bytes) -> bytes:
        """What is complete of ``pcm``, behind what the call before has left; keeps the rest for the next."""
        pcm = self._partial + pcm
        end = len(pcm) - len(pcm) % self._frame_bytes
        self._partial = pcm[end:]
        return pcm[:end]

    def put(self, content: bytes | Command) -> None:
        """Add PCM (a whole number of samples) or a command; a command applies after the audio before it."""
        start = self._end
        if isinstance(content, bytes):
            self._end += len(content) // self._frame_bytes
        self._messages.append(_BufferedMessage(content, start, self._end))
        self._added.set()

    async def take(self) -> bytes | Command:
        """The next message to send, late audio joined; waits until there is one."""
        while self._sent == len(self._messages):
            self._added.clear()
            await self._added.wait()
        message = self._messages[self._sent]
        if isinstance(message.content, bytes):
            return self._take_audio()
        if message.content == "cancel":
            # It concerns audio of this connection only, so it is never sent again.
            del self._messages[self._sent]
        else:
            self._sent += 1
        return message.content

    def _take_audio(self) -> bytes:
        """The audio that waits before the next command: one message, or several within ``MAX_JOINED_MS``."""
        until = self._messages[self._sent].start + self._rate * MAX_JOINED_MS // 1_000
        parts: list[bytes] = []
        for message in islice(self._messages, self._sent, None):
            if not isinstance(message.content, bytes) or (parts and message.end > until):
                break
            parts.append(message.content)
        self._sent += len(parts)
        return b"".join(parts)

    def acknowledge(self, through_ms: int) -> None:
        """Drop the messages before this time, but for ``end``, which every new connection needs."""
        self._acked = max(self._acked, min(through_ms * self._rate // 1_000, self._end))
        while self._sent and self._messages[0].end <= self._acked and self._messages[0].content != "end":
            self._messages.popleft()
            self._sent -= 1

    def rewind(self) -> None:
        """Continue with the first sample that has not been acknowledged."""
        self._sent = 0
        if not self._messages:
            return
        first = self._messages[0]
        if isinstance(first.content, bytes) and first.start < self._acked:
            rest = first.content[(self._acked - first.start) * self._frame_bytes :]
            self._messages[0] = _BufferedMessage(rest, self._acked, first.end)
