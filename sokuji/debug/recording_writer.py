"""Writes recordings in a thread, so that no conversation waits for a disk, and deletes old ones."""

import logging
import os
import queue
import threading
import time
from pathlib import Path

from sokuji.config.debug import DebugSettings
from sokuji.debug.retention import prune

log = logging.getLogger(__name__)

MAX_WAITING_BYTES = 2**24
"""Of what waits to be written; more is left out."""
PRUNE_S = 30.0
"""Interval at which old files are looked for."""


class RecordingWriter:
    """Appends to files. The thread runs from the first settings with a folder on until ``close``."""

    def __init__(self) -> None:
        self.settings = DebugSettings()
        self._parts: queue.SimpleQueue[tuple[Path, bytes] | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._failing = False
        """Whether the last attempt to write failed, which has been logged."""
        self._thread: threading.Thread | None = None

    def apply(self, settings: DebugSettings) -> None:
        """Take over settings; they hold for sessions that run, too."""
        self.settings = settings
        if settings.directory and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="debug-recordings", daemon=True)
            self._thread.start()

    def append(self, name: str, data: bytes) -> bool:
        """Append to a file of the folder, soon; False: too much waits, and this is left out."""
        with self._counting:
            if not self.settings.directory or self._waiting_bytes + len(data) > MAX_WAITING_BYTES:
                return False
            self._waiting_bytes += len(data)
        self._parts.put((Path(self.settings.directory) / name, data))
        return True

    def close(self) -> None:
        """Write what waits and end the thread."""
        if self._thread is not None:
            self._parts.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        pruned_at = 0.0
        while True:
            try:
                if time.monotonic() - pruned_at > PRUNE_S:
                    pruned_at = time.monotonic()
                    self._prune()
                if (part := self._parts.get(timeout=PRUNE_S)) is None:
                    return
                self._write(*part)
                self._failing = False
            except queue.Empty:
                pass
            except OSError as error:
                if not self._failing:
                    log.warning("sessions cannot be recorded: %s", error.strerror)
                self._failing = True

    def _prune(self) -> None:
        settings = self.settings
        if settings.directory:
            folder = Path(settings.directory)
            prune(folder, now=time.time(), max_age_s=settings.max_age_s, max_bytes=settings.max_bytes)

    def _write(self, path: Path, data: bytes) -> None:
        with self._counting:
            self._waiting_bytes -= len(data)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o600)
        with os.fdopen(handle, "ab") as file:
            is_new = file.tell() == 0
            file.write(data)
        if is_new:
            self._prune()
