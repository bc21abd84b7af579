"""Where model files lie, whether they are sound, and how a model comes to its place all at once.

A model is written into a folder beside its place and then renamed into it, so that a half-written one never
counts as present. Verifying hashes every byte (a second or so for all embedded models); a stamp remembers
sizes, modification times and hashes, so that later starts compare only those.
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
"""Called with the model's name, the bytes done so far, and the bytes in all (None: unknown)."""

_BLOCK = 1 << 20
_log = logging.getLogger(__name__)


def quiet(name: str, done: int, total: int | None) -> None:
    """A ``Progress`` that tells nobody."""


def root() -> Path:
    """The cache: ``SOKUJI_MODELS_DIR``, else a folder of the user's cache."""
    chosen = os.environ.get("SOKUJI_MODELS_DIR")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("sokuji-bridge")


@dataclass(slots=True)
class ProgressMeter:
    """Adds up the bytes done for one model and reports each step."""

    name: str
    total: int | None
    progress: Progress
    done: int = 0

    def add(self, count: int) -> None:
        """``count`` more bytes are done."""
        self.done += count
        self.progress(self.name, self.done, self.total)


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What a file must be."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model's folder and what its files must be."""

    key: str
    """Names the model's stamp and lock: safe as a file name."""
    directory: Path
    files: Mapping[str, FileDigest]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(mark.size for mark in self.files.values())

    def is_whole(self) -> bool:
        """Whether all files are there and have the right size."""
        return all(_size_and_time(self.directory / name)[0] == mark.size for name, mark in self.files.items())

    def is_verified(self) -> bool:
        """Whether all files are unchanged since they were hashed, going by size and modification time."""
        return _read_stamp(self.key) == self._entries()

    def verify(self, meter: ProgressMeter) -> bool:
        """Hash all files and remember the result; False: one is absent or damaged."""
        sound = self.is_whole() and all(
            sha256(self.directory / name, meter) == mark.sha256 for name, mark in self.files.items()
        )
        if sound:
            self.stamp()
        else:
            (_stamps() / self.key).unlink(missing_ok=True)
        return sound

    def stamp(self) -> None:
        """Remember that all files were hashed and are right."""
        try:
            _stamps().mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=_stamps(), delete=False) as file:
                json.dump(self._entries(), file)
            Path(file.name).replace(_stamps() / self.key)
        except OSError as error:
            # A read-only cache is fine: the files are sound, and will be hashed again at the next start.
            _log.warning("cannot remember that %s was verified: %s", self.key, error.strerror)

    def _entries(self) -> dict[str, list[int | str]]:
        return {
            name: [*_size_and_time(self.directory / name), mark.sha256] for name, mark in self.files.items()
        }


def copy(sources: Iterable[Path], target: Path, meter: ProgressMeter) -> str:
    """Write the sources one after the other into the new file ``target``; returns the SHA-256 of it."""
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
    """Hold the model's lock; other processes and threads that want it wait."""
    path = root() / "locks" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """A new, empty folder that takes the place of ``directory`` when the block ends without an error.

    Processes that have the old files open keep them.
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
    """Bytes, and the time of the last change in nanoseconds; -1 where there is no such file."""
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
