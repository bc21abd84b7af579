"""Translated files that wait for their clients, in a directory that all gateway replicas of a machine share.

Who knows the name of a file may fetch it: the name has 128 random bits. What is too old, or too much, goes
when the next file is stored.
"""

import errno
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sokuji.config.libretranslate import LibreTranslateSettings
from sokuji.errors import Overloaded

_NAME = re.compile(r"[0-9a-f]{32}")


class TranslatedFiles:
    """The files in the directory of the settings. All methods block."""

    def __init__(self, settings: LibreTranslateSettings) -> None:
        self._settings = settings
        usual = Path(tempfile.gettempdir()) / f"sokuji-translated-files-{os.getuid()}"
        self._directory = Path(settings.files_dir) if settings.files_dir else usual

    def store(self, data: bytes) -> str:
        """Keep a file; returns its name.

        Raises:
            Overloaded: it cannot be written; the message says why.
        """
        name = secrets.token_hex(16)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._directory.stat().st_uid != os.getuid():
                raise PermissionError(errno.EPERM, "the directory is another user's")
            self._remove_old(len(data))
            # Nobody reads a part: the name is there once the file is whole.
            part = self._directory / f"{name}.part"
            part.write_bytes(data)
            part.rename(self._directory / name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"the translated file cannot be kept: {reason}; the operator should look at files_dir"
            raise Overloaded(message, retry_after_s=60) from None
        return name

    def load(self, name: str) -> bytes | None:
        """A file; None if there is none of this name, or none any more."""
        path = self._directory / name
        try:
            if not _NAME.fullmatch(name) or path.stat().st_mtime < time.time() - self._settings.files_keep_s:
                return None
            return path.read_bytes()
        except OSError:
            return None

    def _remove_old(self, incoming_bytes: int) -> None:
        """Make room for a file of this size."""
        room = self._settings.files_max_bytes - incoming_bytes
        oldest_time = time.time() - self._settings.files_keep_s
        for path, status in sorted(self._stored(), key=lambda each: -each[1].st_mtime):
            room -= status.st_size
            if room < 0 or status.st_mtime < oldest_time:
                path.unlink(missing_ok=True)

    def _stored(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._directory.iterdir():
            try:
                yield path, path.stat()
            except FileNotFoundError:  # Another replica has removed it.
                continue
