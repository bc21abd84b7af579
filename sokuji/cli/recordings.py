"""Reads the recordings that commands are given."""

from pathlib import Path

from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import Decoders

_CPU_S = 600
_MEMORY_BYTES = 2**29
_TIMEOUT_S = 3_600.0


async def read_recording(file: Path, max_seconds: float) -> bytes:
    """A recording as mono PCM at ``RECOGNISER_RATE``; a file of somebody else cannot exhaust this machine.

    Raises:
        InvalidAudio: nothing in it can be decoded.
        TooLarge: it is longer than ``max_seconds``, or needs more than a decoder may take.
        OSError: it cannot be read.
    """
    decoders = Decoders(warm=1)
    try:
        with file.open("rb") as source:
            bounds = DecodingBounds(max_seconds, _CPU_S, _MEMORY_BYTES, _TIMEOUT_S)
            return await decoders.decode(source, bounds, file.name)
    finally:
        decoders.close()
