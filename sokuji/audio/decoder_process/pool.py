"""The decoders of a gateway replica: some are kept warm, and each file has one of its own."""

import asyncio
import logging
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.process import DecoderProcess
from sokuji.errors import Overloaded

_log = logging.getLogger(__name__)

WARM = 2
MAX_UPLOADS = 100
"""Files after which a process is replaced, so that what libraries leak does not add up."""
_THREADS = 4


class Decoders:
    """Decodes files in processes of their own; any number at the same time, so that callers limit it.

    They end with this process, however that ends, with ``close``, or when this object is dropped.

    Args:
        warm: processes that are kept. Others are started while more files are decoded: 0.3 s each.
    """

    def __init__(self, warm: int = WARM) -> None:
        self._warm = warm
        # A decoder ends with the thread that has started it: these threads last as long as the executor.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="decoders")
        self._started = _StartedProcesses()
        self._idle: deque[Future[DecoderProcess]] = deque()
        """Processes that are warm or being started."""
        self._busy = 0
        self.close = weakref.finalize(self, _close, self._threads, self._started)
        """End all processes; ``decode`` may not be called any more."""

    def start(self) -> None:
        """Begin to start the processes that are kept warm; ``decode`` does so where nobody did."""
        while len(self._idle) + self._busy < self._warm:
            self._idle.append(self._threads.submit(self._started.one_more))

    @property
    def pids(self) -> list[int]:
        """The processes that run."""
        return self._started.pids()

    async def decode(self, file: BinaryIO, bounds: DecodingBounds, name: str = "") -> bytes:
        """A recording as mono PCM at ``RECOGNISER_RATE``; see ``decoding.pcm_chunks``.

        A decoder whose caller is cancelled is ended.

        Args:
            file: seekable, with a descriptor; it is open until this returns.
            name: of the file; for formats that have no header, its suffix tells which one it is.

        Raises:
            InvalidAudio, TooLarge, Overloaded: see ``DecoderProcess.decode``.
            Overloaded: no decoder can be started.
        """
        with self._counted():
            process = await self._take()
            try:
                return await process.decode(file, name, bounds, self._threads)
            finally:
                self._give_back(process)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            self.start()

    async def _take(self) -> DecoderProcess:
        while True:
            starting = self._idle.popleft() if self._idle else self._threads.submit(self._started.one_more)
            try:
                process = await asyncio.shield(asyncio.wrap_future(starting))
            except asyncio.CancelledError:
                self._idle.append(starting)
                raise
            except OSError:
                _log.exception("no decoder can be started")
                raise Overloaded("no decoder can be started; try again shortly", retry_after_s=5) from None
            if process.is_usable:
                return process
            self._started.remove(process)

    def _give_back(self, process: DecoderProcess) -> None:
        if process.is_usable and process.uploads < MAX_UPLOADS and len(self._idle) < self._warm:
            ready = Future[DecoderProcess]()
            ready.set_result(process)
            self._idle.append(ready)
        else:
            self._threads.submit(self._started.remove, process)


class _StartedProcesses:
    """All processes of a pool, whoever has them: they can be ended from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[DecoderProcess] = set()
        self._closed = False

    def one_more(self) -> DecoderProcess:
        """Start one; blocks until it is warm.

        Raises:
            OSError: it cannot be started, or the pool is closed.
        """
        process = DecoderProcess()
        with self._lock:
            if not self._closed:
                self._processes.add(process)
                return process
        process.stop()
        raise OSError("the decoders are closed")

    def remove(self, process: DecoderProcess) -> None:
        """End one."""
        with self._lock:
            self._processes.discard(process)
        process.stop()

    def pids(self) -> list[int]:
        """The processes that run."""
        with self._lock:
            return [process.pid for process in self._processes]

    def close(self) -> None:
        """End all, and those that are being started once they are."""
        with self._lock:
            self._closed = True
            processes, self._processes = self._processes, set()
        for process in processes:
            process.stop()


def _close(threads: ThreadPoolExecutor, started: _StartedProcesses) -> None:
    threads.shutdown(wait=False, cancel_futures=True)
    started.close()
