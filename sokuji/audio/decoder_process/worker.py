"""What runs in a decoder: ``python -m sokuji.audio.decoder_process.worker PARENT``; its input is the socket.

It decodes the files of its socket one by one, and ends when the socket is closed.
"""

import gc
import importlib
import io
import pkgutil
import socket
import sys
import wave
from contextlib import suppress
from typing import BinaryIO

import av

from sokuji.audio.decoder_process import bounds, system_calls
from sokuji.audio.decoder_process.messages import MAX_BYTES, READY, DecodingJob, DecodingResult
from sokuji.audio.decoding import decode, pcm_chunks
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.errors import InvalidAudio, InvalidRequest, TooLarge

_DESCRIPTORS = 2


def main() -> None:
    """Serve the jobs of the socket."""
    bounds.follow_parent(int(sys.argv[1]))
    bounds.yield_to_others()
    control = socket.socket(fileno=0)
    _warm_up()
    mapped = bounds.address_space()
    bounds.open_no_more_than(_DESCRIPTORS)
    system_calls.refuse()
    control.send(READY)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(control, MAX_BYTES, _DESCRIPTORS)
        if not packet:
            return
        job = DecodingJob.parse(packet)
        source, target = descriptors
        with open(source, "rb") as file, open(target, "wb") as output:
            result = _result(job, file, output, mapped)
        control.send(result.packet())


def _result(job: DecodingJob, file: BinaryIO, output: BinaryIO, mapped: int) -> DecodingResult:
    bounds.bound_job(
        address_space_bytes=mapped + job.memory_bytes,
        cpu_s=job.cpu_s,
        output_bytes=int(2 * RECOGNISER_RATE * job.max_seconds),
    )
    written = 0
    try:
        for chunk in pcm_chunks(file, max_seconds=job.max_seconds, name=job.name):
            written += output.write(chunk)
        output.flush()
    except (TooLarge, InvalidAudio) as error:
        return DecodingResult(
            0, "too_large" if isinstance(error, TooLarge) else "invalid_audio", error.message
        )
    except MemoryError:
        return DecodingResult(0, "memory")
    return DecodingResult(written)


def _warm_up() -> None:
    """Import and initialise all that decoding needs: later nothing can be opened."""
    # PyAV imports what it needs for a kind of track when it meets the first one.
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 2, 44_100, 0, "NONE", ""))
        writer.writeframes(bytes(4 * 44_100))
    decode(file.getvalue(), max_seconds=2)
    for hopeless in (b"", b"no audio", file.getvalue()[:44]):
        with suppress(InvalidRequest):
            decode(hopeless, max_seconds=1)
    gc.collect()


if __name__ == "__main__":
    main()
