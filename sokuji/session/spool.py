"""A temporary file for audio that waits: memory does not grow with what a client sends ahead of time."""

import errno
import os
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

PIECE_BYTES = 2**14
"""Audio of one piece, 0.5 s at 16 kHz: small messages are gathered, which bounds their number as well."""


@dataclass(slots=True)
class SpooledPiece:
    """Where a piece of audio is in the file; it grows until it has ``PIECE_BYTES`` or is loaded."""

    offset: int
    size: int


class SpoolBudget:
    """Counts the bytes of all spools of a process.

    Args:
        limit_bytes: above it ``is_exceeded``; it may be replaced at any time.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        """Size of all files; each spool adds and subtracts its own."""

    @property
    def is_exceeded(self) -> bool:
        """Whether the files are larger than they should be."""
        return self.used_bytes > self.limit_bytes


class AudioSpool:
    """Pieces of audio in a file without a name, which the system removes with the process.

    The file grows until every piece has been loaded; then it is empty again. ``close`` it last.

    Args:
        budget: counts its bytes.
    """

    def __init__(self, budget: SpoolBudget) -> None:
        self._budget = budget
        self._file: BinaryIO | None = None
        self._pieces = 0
        self.size = 0
        """Bytes of the file."""

    def store(self, pcm: bytes, newest: SpooledPiece | None) -> SpooledPiece:
        """Append audio to ``newest``, the last piece that was stored, if that has room; else to a new piece.

        Raises:
            OSError: the disk is full.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  ``close`` closes it.
        self._file.seek(self.size)
        if self._file.write(pcm) < len(pcm):  # The disk took a part: what it did not take must not be lost.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        piece = newest
        if piece is None or piece.size >= PIECE_BYTES:
            piece = SpooledPiece(self.size, 0)
            self._pieces += 1
        piece.size += len(pcm)
        self.size += len(pcm)
        self._budget.used_bytes += len(pcm)
        return piece

    def load(self, piece: SpooledPiece) -> bytes:
        """The audio of a piece, which can be loaded once."""
        if self._file is None:
            raise RuntimeError("nothing has been stored")
        self._file.seek(piece.offset)
        pcm = self._file.read(piece.size)
        self._pieces -= 1
        if not self._pieces:
            self._file.truncate(0)
            self._empty()
        return pcm

    def close(self) -> None:
        """Drop everything."""
        if self._file is not None:
            self._file.close()
        self._empty()

    def _empty(self) -> None:
        self._budget.used_bytes -= self.size
        self.size = 0
