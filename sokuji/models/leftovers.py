"""What the cache holds without need: rests of downloads that broke off, and models that no config names."""

import shutil
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sokuji.models import hub, store
from sokuji.models.table import Kind

ABANDONED_S = 24 * 3_600
"""A temporary folder that has not changed for this long was left by a process that was killed."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A folder of the cache that can go."""

    what: str
    path: Path
    key: str
    """Of the lock that whoever writes the folder holds."""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(each.stat().st_size for each in self.path.rglob("*") if each.is_file())


def leftovers(kept: Set[tuple[Kind, str]] | None) -> Iterator[Leftover]:
    """What can be removed.

    Args:
        kept: the models that are needed; the other ones that were fetched can go. None: all are needed.
    """
    for path in _entries("partial"):
        yield Leftover(f"incomplete download {path.name}", path, path.name)
    for folder in ("assembled", "fetched"):
        for path in _entries(folder):
            # store.replacing makes them.
            if path.name.startswith(".") and time.time() - path.stat().st_mtime > ABANDONED_S:
                yield Leftover(f"temporary folder {path.name}", path, path.name)
    if kept is not None:
        for model in list(hub.fetched()):
            if (model.kind, model.name) not in kept:
                yield Leftover(f"{model.kind} {model.name}", model.place.directory, model.place.key)


def remove(leftover: Leftover) -> bool:
    """Delete it; False: another process is writing it now. Processes that have its files open keep them.

    Raises:
        OSError: it cannot be deleted.
    """
    path = store.root() / "locks" / leftover.key
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=0):
            shutil.rmtree(leftover.path)
            (store.root() / "stamps" / leftover.key).unlink(missing_ok=True)
    except Timeout:
        return False
    return True


def _entries(folder: str) -> list[Path]:
    path = store.root() / folder
    return sorted(path.iterdir()) if path.is_dir() else []
