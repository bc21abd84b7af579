"""What a client has to say: audio and commands in order, kept until the service needs them no more.

Messages wait here until they are sent, and after that until an acknowledgement passes them, so that they can
be sent once more over another connection.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal

from sokuji.errors import InvalidAudio

Command = Literal["flush", "end", "cancel"]


@dataclass(frozen=True, slots=True)
class _Message:
    """``at`` and ``end``: where it lies in the audio, in frames (one sample of every channel)."""

    content: bytes | Command
    at: int
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
        self._kept: deque[_Message] = deque()
        self._sent = 0
        """How many of ``_kept`` have been taken."""
        self._end = 0
        self._acked = 0
        self._more = asyncio.Event()

    @property
    def position_ms(self) -> float:
        """How much audio there has been."""
        return self._end * 1_000 / self._rate

    @property
    def kept_bytes(self) -> int:
        """Audio held in memory."""
        return sum(len(each.content) for each in self._kept if isinstance(each.content, bytes))

    def duration_ms(self, pcm: bytes) -> float:
        """How long it lasts.

        Raises:
            InvalidAudio: no whole number of samples.
        """
        if len(pcm) % self._frame_bytes:
            raise InvalidAudio(
                f"{len(pcm)} bytes are no whole number of {self._frame_bytes // 2}-channel int16 samples"
            )
        return len(pcm) / self._frame_bytes * 1_000 / self._rate

    def put(self, content: bytes | Command) -> None:
        """Take PCM, a whole number of samples, or a command, which belongs behind the audio so far."""
        begin = self._end
        if isinstance(content, bytes):
            self._end += len(content) // self._frame_bytes
        self._kept.append(_Message(content, begin, self._end))
        self._more.set()

    async def take(self) -> bytes | Command:
        """The next message to send, when there is one."""
        while self._sent == len(self._kept):
            self._more.clear()
            await self._more.wait()
        message = self._kept[self._sent]
        if message.content == "cancel":
            del self._kept[self._sent]  # What it was about is past when it could be sent again.
        else:
            self._sent += 1
        return message.content

    def acknowledge(self, through_ms: int) -> None:
        """What was said before this time is not needed any more. ``end`` is, until all is over."""
        self._acked = max(self._acked, min(through_ms * self._rate // 1_000, self._end))
        while self._sent and self._kept[0].end <= self._acked and self._kept[0].content != "end":
            self._kept.popleft()
            self._sent -= 1

    def rewind(self) -> None:
        """Begin again with the first sample that has not been acknowledged."""
        self._sent = 0
        if self._kept and isinstance(pcm := self._kept[0].content, bytes) and self._kept[0].at < self._acked:
            first = self._kept.popleft()
            rest = pcm[(self._acked - first.at) * self._frame_bytes :]
            self._kept.appendleft(_Message(rest, self._acked, first.end))
