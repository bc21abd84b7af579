"""How long recordings are kept: files go when they are old, or for newer ones."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"\d{8}T\d{12}-[\w-]{1,64}\.(events\.jsonl|[\w-]{1,40}\.pcm)", re.ASCII)


class _File(NamedTuple):
    """Files sort by the time of their last change."""

    changed_at: float
    path: Path
    size: int


def prune(directory: Path, *, now: float, max_age_s: float, max_bytes: int) -> None:
    """Delete recordings unchanged for ``max_age_s``, and the oldest while all together exceed ``max_bytes``.

    Other files in the folder are left alone, whatever the setting names by mistake.

    Args:
        now: seconds since the Unix epoch.
    """
    files = sorted(_recordings(directory))
    total = sum(file.size for file in files)
    for file in files:
        if now - file.changed_at <= max_age_s and total <= max_bytes:
            return
        file.path.unlink(missing_ok=True)
        total -= file.size


def _recordings(directory: Path) -> Iterable[_File]:
    for path in directory.iterdir() if directory.is_dir() else ():
        if _NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            try:
                status = path.stat()
            except FileNotFoundError:  # Another replica has deleted it.
                continue
            yield _File(status.st_mtime, path, status.st_size)
