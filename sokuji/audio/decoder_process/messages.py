"""What the gateway and a decoder say to each other: JSON, one object in each packet of a socket.

With a ``DecodingJob`` come two descriptors: the file to read, and the file that takes the PCM. Nothing that
comes back is trusted: whatever a hostile file makes of its decoder, it can only send text and samples.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

MAX_BYTES = 65_536
"""Of one packet."""
MAX_NAME_CHARS = 16
"""Of the end of a file's name: decoding needs its suffix."""
MAX_MESSAGE_CHARS = 4_000
READY = b"ready"
"""The first packet: the decoder is warm."""

Failure = Literal["", "invalid_audio", "too_large", "memory"]
"""Why there is no PCM, as the codes of ``sokuji.errors``; "memory": it needs more than it may take."""


@dataclass(frozen=True, slots=True)
class DecodingBounds:
    """What decoding one file may take."""

    max_seconds: float
    """Duration of the recording."""
    cpu_s: int
    """Seconds of processor time."""
    memory_bytes: int
    """Address space beyond what the process has when it is warm."""
    timeout_s: float
    """Seconds by the clock."""


@dataclass(frozen=True, slots=True)
class DecodingJob:
    """A file to decode."""

    name: str
    max_seconds: float
    cpu_s: int
    memory_bytes: int

    def packet(self) -> bytes:
        """As it is sent."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def parse(cls, packet: bytes) -> Self:
        """The job that the gateway, which is trusted, has sent."""
        return cls(**json.loads(packet))


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """What became of it: how many bytes of PCM were written, or why none."""

    size: int
    failure: Failure = ""
    message: str = ""

    def packet(self) -> bytes:
        """As it is sent."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def parse(cls, packet: bytes) -> Self:
        """The result that a decoder has sent.

        Raises:
            ValueError: it is none.
        """
        match json.loads(packet):
            case {
                "size": int(size),
                "failure": "" | "invalid_audio" | "too_large" | "memory" as failure,
                "message": str(message),
            } if size >= 0:
                return cls(size, failure, message[:MAX_MESSAGE_CHARS])
        raise ValueError("no result of a decoder")
