"""The cache of model files: verification, locks, and atomic replacement of a model's folder.

A model is written into a temporary folder that is then renamed, so that an incomplete model is never visible.
Verification hashes every byte (about a second for all embedded models). A stamp records sizes, modification
times and hashes, so that later starts compare only those.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

Progress = Callable[[str, int, int | None], None]
"""Called with the model's name, the bytes done so far, and the total bytes (None: not known)."""

_BLOCK = 1 << 20
_log = logging.getLogger(__name__)


def quiet(name: str, done: int, total: int | None) -> None:
    """A ``Progress`` that ignores the reports."""


def root() -> Path:
    """The folder of the cache: ``SOKUJI_MODELS_DIR``, else a folder in the user's cache."""
    configured = os.environ.get("SOKUJI_MODELS_DIR")
    return Path(configured).expanduser() if configured else platformdirs.user_cache_path("sokuji-bridge")


@dataclass(slots=True)
class ProgressMeter:
    """Counts the bytes done for one model and reports each change."""

    name: str
    total: int | None
    progress: Progress
    done: int = 0

    def add(self, count: int) -> None:
        """Count ``count`` more bytes."""
        self.done += count
        self.progress(self.name, self.done, self.total)


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The expected size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model's folder and the expected digests of its files."""

    key: str
    """Name of the model's stamp and lock, safe as a file name."""
    directory: Path
    files: Mapping[str, FileDigest]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(digest.size for digest in self.files.values())

    def is_complete(self) -> bool:
        """Whether all files exist and have the expected size."""
        return all(
            _size_and_time(self.directory / name)[0] == digest.size for name, digest in self.files.items()
        )

    def is_verified(self) -> bool:
        """Whether all files are unchanged since they were hashed, going by size and modification time."""
        return _read_stamp(self.key) == self._entries()

    def verify(self, meter: ProgressMeter) -> bool:
        """Hash all files and record the result; False: a file is absent or damaged."""
        intact = self.is_intact(meter)
        if intact:
            self.stamp()
        else:
            (_stamps() / self.key).unlink(missing_ok=True)
        return intact

    def is_intact(self, meter: ProgressMeter) -> bool:
        """Hash all files; False: one is absent or damaged. Nothing is recorded."""
        return self.is_complete() and all(
            sha256(self.directory / name, meter) == digest.sha256 for name, digest in self.files.items()
        )

    def stamp(self) -> None:
        """Record that all files have been hashed and have the expected digests."""
        try:
            _stamps().mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=_stamps(), delete=False) as file:
                json.dump(self._entries(), file)
            Path(file.name).replace(_stamps() / self.key)
        except OSError as error:
            # A read-only cache is allowed: the files are intact, and are hashed again at the next start.
            _log.warning("cannot record that %s was verified: %s", self.key, error.strerror)

    def _entries(self) -> dict[str, list[int | str]]:
        return {
            name: [*_size_and_time(self.directory / name), digest.sha256]
            for name, digest in self.files.items()
        }


def copy(sources: Iterable[Path], target: Path, meter: ProgressMeter) -> str:
    """Concatenate the sources into the new file ``target``; returns its SHA-256."""
    digest = hashlib.sha256()
    with target.open("xb") as out:
        for source in sources:
            for block in _blocks(source):
                digest.update(block)
                out.write(block)
                meter.add(len(block))
    return digest.hexdigest()


def sha256(path: Path, meter: ProgressMeter) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
        meter.add(len(block))
    return digest.hexdigest()


@contextmanager
def locked(key: str) -> Iterator[None]:
    """Hold the lock of a model, across processes and threads."""
    path = root() / "locks" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """An empty folder that replaces ``directory`` when the block ends without an error.

    Processes that have the old files open can go on reading them.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=directory.parent) as scratch:
        fresh = Path(scratch, "new")
        fresh.mkdir()
        yield fresh
        if directory.exists():
            directory.rename(Path(scratch, "old"))
        fresh.rename(directory)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _size_and_time(path: Path) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds; -1 and -1 if there is no such file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _stamps() -> Path:
    return root() / "stamps"


def _read_stamp(key: str) -> object:
    try:
        return json.loads((_stamps() / key).read_text())
    except (OSError, ValueError):
        return None
