"""Reads the recordings that commands are given."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import Decoders

MAX_RECORDING_S = 2 * 3_600.0
_CPU_S = 600
_MEMORY_BYTES = 2**29
_TIMEOUT_S = 3_600.0


class RecordingReader:
    """Decodes files in processes of their own; a file of somebody else cannot exhaust this machine."""

    def __init__(self) -> None:
        self._decoders = Decoders(warm=1)

    async def read(self, file: BinaryIO, name: str, max_seconds: float = MAX_RECORDING_S) -> bytes:
        """A recording as mono PCM at ``RECOGNISER_RATE``.

        Args:
            file: seekable, with a descriptor.
            name: of the file; its suffix tells formats apart that have no header.

        Raises:
            InvalidAudio: nothing in it can be decoded.
            TooLarge: it is longer than ``max_seconds``, or needs more than a decoder may take.
        """
        bounds = DecodingBounds(max_seconds, _CPU_S, _MEMORY_BYTES, _TIMEOUT_S)
        return await self._decoders.decode(file, bounds, name)

    def close(self) -> None:
        """End the processes."""
        self._decoders.close()


@contextmanager
def recording_reader() -> Iterator[RecordingReader]:
    """A reader whose processes end with the context."""
    reader = RecordingReader()
    try:
        yield reader
    finally:
        reader.close()


async def read_recording(path: Path, max_seconds: float) -> bytes:
    """One recording as mono PCM at ``RECOGNISER_RATE``; see ``RecordingReader.read``.

    Raises:
        OSError: it cannot be read.
    """
    with recording_reader() as reader, path.open("rb") as file:
        return await reader.read(file, path.name, max_seconds)
