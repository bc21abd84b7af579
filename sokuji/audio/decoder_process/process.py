"""One decoder, seen from the gateway."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import Executor
from typing import BinaryIO

from sokuji.audio.decoder_process.messages import (
    MAX_BYTES,
    MAX_NAME_CHARS,
    READY,
    DecodingBounds,
    DecodingJob,
    DecodingResult,
)
from sokuji.audio.media_formats import MAX_TRACKS
from sokuji.errors import InvalidAudio, Overloaded, SokujiError, TooLarge

_WORKER = "sokuji.audio.decoder_process.worker"
_START_S = 60.0
"""Longest time in which a decoder becomes warm, on a machine that is busy."""
_RETRY_S = 5.0
# One heap and no threads of NumPy: they take address space, and there is one file at a time.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class DecoderProcess:
    """A process that decodes one file at a time, warm when the constructor returns.

    It ends with the thread that calls the constructor, which blocks. None of the secrets of the environment
    go to it.

    Raises:
        OSError: it cannot be started, or does not become warm in time.
    """

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _WORKER, str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
            )
        self.uploads = 0
        """Files that it has been given."""
        self._waits = True
        self._control.settimeout(_START_S)
        try:
            if self._control.recv(MAX_BYTES) != READY:
                raise OSError("a decoder ended before it was warm")
        except OSError:
            self.stop()
            raise
        self._control.setblocking(False)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it runs, waits for a file, and has had no failure that may have left something behind."""
        return self._waits and self._process.poll() is None

    async def decode(self, file: BinaryIO, name: str, bounds: DecodingBounds, threads: Executor) -> bytes:
        """Decode a file. If this does not return normally, ``is_usable`` says what became of the process.

        Args:
            file: it has a descriptor.
            threads: for what blocks.

        Raises:
            InvalidAudio: nothing in it can be decoded, or the decoder crashed.
            TooLarge: the recording is longer, or needs more memory or processor time, than ``bounds`` allow.
            Overloaded: the deadline has passed, although the processor time has not been used up.
        """
        self.uploads += 1
        self._waits = False
        loop = asyncio.get_running_loop()
        job = DecodingJob(name[-MAX_NAME_CHARS:], bounds.max_seconds, bounds.cpu_s, bounds.memory_bytes)
        source, output = _reopened(file), os.memfd_create("pcm")
        try:
            try:
                async with asyncio.timeout(bounds.timeout_s):
                    socket.send_fds(self._control, [job.packet()], [source, output])
                    result = DecodingResult.parse(await loop.sock_recv(self._control, MAX_BYTES))
            except TimeoutError:
                message = f"the recording was not decoded within {bounds.timeout_s:g} s"
                raise Overloaded(message, retry_after_s=_RETRY_S) from None
            except (OSError, ValueError, RecursionError):
                # The socket was closed, because the process has ended; or it says what no decoder says.
                raise _end_of(await loop.run_in_executor(threads, self._end), bounds) from None
            self._waits = result.failure != "memory"
            if result.failure:
                raise _failure(result, bounds)
            return await loop.run_in_executor(threads, os.pread, output, result.size, 0)
        finally:
            os.close(source)
            os.close(output)

    def _end(self) -> int:
        """End the process, if it has not ended; its return code."""
        self._process.kill()
        return self._process.wait()

    def stop(self) -> None:
        """End the process, and free what it has here."""
        self._end()
        self._control.close()


def _reopened(file: BinaryIO) -> int:
    """A descriptor of the same file, which may have no name: for reading, with a position of its own."""
    descriptor = file.fileno()
    file.flush()
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)


def _end_of(return_code: int, bounds: DecodingBounds) -> SokujiError:
    if return_code == -signal.SIGXCPU:
        return TooLarge(f"decoding takes more than {bounds.cpu_s} s of processor time")
    return InvalidAudio(
        "the decoder failed on this file: it is damaged, no recording, or takes more memory than there is"
    )


def _failure(result: DecodingResult, bounds: DecodingBounds) -> SokujiError:
    match result.failure:
        case "memory":
            mib = bounds.memory_bytes / 2**20
            tracks = f"there are more than {MAX_TRACKS} tracks"
            return TooLarge(f"decoding takes more than {mib:.0f} MiB of memory, or {tracks}")
        case "too_large":
            return TooLarge(result.message)
    return InvalidAudio(result.message)


def _environment() -> dict[str, str]:
    """Enough to find the same packages and libraries."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **_ENVIRONMENT}
