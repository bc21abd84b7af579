"""Files that are complete or not there: whatever ends the process, nobody reads half of one."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def write(path: Path, data: bytes) -> None:
    """Write a file, or replace it.

    What is no regular file, such as a pipe or ``/dev/stdout``, is written to instead of being replaced.

    Raises:
        OSError: it cannot be written; the former file is as it was.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.write(data)
        return
    with _beside(path) as (part, file):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path.resolve())


def check_writable(path: Path) -> None:
    """Find out whether ``write`` can succeed, by a file beside the one that is meant, which is removed again.

    Raises:
        OSError: it cannot.
    """
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(13, os.strerror(13), str(path))
    if not path.exists() or path.is_file():
        try:
            with _beside(path):
                pass
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(path)) from None


@contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file in the same folder, with the permissions of new files; gone afterwards unless moved."""
    target = path.resolve()
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, _NEW_FILE, 0o666)
    try:
        with open(descriptor, "wb") as file:
            yield part, file
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
