"""The file with the keys of a service: JSON, the fields of ``sokuji.config.keys.KeyList``.

A change replaces the file as a whole, so that whoever reads it sees all of the old or all of the new one.
Changes wait for each other.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from sokuji.config.keys import Key, KeyList, keys_of_text
from sokuji.errors import ConfigError

MAX_BYTES = 8 * 2**20
LOCK_TIMEOUT_S = 10.0
_OWNER_ONLY = 0o600


class FileVersion(NamedTuple):
    """What changes when a file does."""

    modified_ns: int
    size: int
    inode: int


def version_of(path: Path) -> FileVersion | None:
    """The version of the file at ``path``; None: there is none that can be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return FileVersion(status.st_mtime_ns, status.st_size, status.st_ino)


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in a file.

    Raises:
        ConfigError: it cannot be read, is too large, or is not a list of keys.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the key file {path} cannot be read: {error.strerror}; 'sokuji keys create' makes one",
            param="keys_file",
        ) from None
    if len(text) > MAX_BYTES:
        raise ConfigError(f"the key file {path} has more than {MAX_BYTES} bytes", param="keys_file")
    return keys_of_text(text, f"the key file {path}")


def change_keys(path: Path, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
    """Replace the keys in a file, which need not exist, by what ``change`` makes of them.

    Raises:
        ConfigError: the file or its folder cannot be read or written, or another process changes it for long.
    """
    try:
        with _locked(path):
            present = read_keys(path) if path.exists() else ()
            content = KeyList(keys=change(present)).model_dump_json(indent=2, exclude_none=True)
            _replace(path, content + "\n")
    except OSError as error:
        raise ConfigError(f"the key file {path} cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIMEOUT_S):
            yield
    except Timeout:
        raise ConfigError(
            f"another process has been changing {path} for {LOCK_TIMEOUT_S:g} s; try again"
        ) from None


def _replace(path: Path, content: str) -> None:
    """Write a file beside it and rename that; the owner and the mode of a file that exists stay."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            if path.exists():
                status = path.stat()
                os.fchmod(descriptor, status.st_mode & 0o777)
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
            else:
                os.fchmod(descriptor, _OWNER_ONLY)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
