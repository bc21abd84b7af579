"""What a command works on: files, patterns, folders, ``file://`` addresses, standard input, a text.

All are found before the work begins. What does not exist is refused then, not after an hour.
"""

import glob
import io
import sys
import tempfile
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import typer

from sokuji.errors import TooLarge

STANDARD_INPUT = "-"
MAX_INPUTS = 100_000
MAX_STREAM_BYTES = 2**31
"""Of standard input."""
_CHUNK_BYTES = 2**20

# fmt: off
RECORDING_SUFFIXES = frozenset((
    ".3gp", ".aac", ".ac3", ".aif", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv", ".m2ts", ".m4a",
    ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".mts", ".oga", ".ogg",
    ".ogv", ".opus", ".ts", ".wav", ".webm", ".wma", ".wmv",
))
# fmt: on
"""Of the files that are recordings among others in a folder. A file that is named may have any suffix."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Input:
    """One recording or text."""

    name: PurePath
    """Of the files that are made of it, but for the suffix; with the folders below the one that is named."""
    label: str
    """In messages."""
    path: Path | None = None
    """None: it is no file."""
    data: BinaryIO | None = None
    """What is no file: seekable, with a descriptor; read from its beginning."""

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The content, from the beginning.

        Raises:
            OSError: it cannot be read.
        """
        if self.data is not None:
            self.data.seek(0)
            yield self.data
        elif self.path is not None:
            with self.path.open("rb") as file:
                yield file


def text_input(text: str) -> Input:
    """A text of the command line, as a line."""
    return _kept("text", "the text", io.BytesIO(f"{text}\n".encode(errors="replace")), MAX_STREAM_BYTES)


def _kept(name: str, label: str, source: BinaryIO, max_bytes: int) -> Input:
    """What is no file, as one: FFmpeg searches in it, and a decoder in another process reads it."""
    with ExitStack() as opened:
        copy, size = opened.enter_context(tempfile.TemporaryFile()), 0
        while chunk := source.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise TooLarge(f"{label} is larger than {max_bytes} bytes; name a file")
            copy.write(chunk)
        copy.flush()
        made = Input(PurePath(name), label, data=copy)
        weakref.finalize(made, opened.pop_all().close)
        return made


def inputs_of(arguments: Sequence[str], suffixes: Collection[str]) -> list[Input]:
    """All that arguments name, each file once, in their order; of a folder sorted by path.

    Args:
        suffixes: of the files that are taken out of folders, in lower case.

    Raises:
        typer.BadParameter: an argument names nothing.
        TooLarge: more than ``MAX_INPUTS`` files, or more than ``MAX_STREAM_BYTES`` of standard input.
    """
    found: dict[Path | str, Input] = {}
    for argument in arguments:
        for each in _inputs(argument, suffixes):
            found.setdefault(each.path.resolve() if each.path else each.label, each)
            if len(found) > MAX_INPUTS:
                raise TooLarge(f"more than {MAX_INPUTS} files; name fewer at a time")
    return list(found.values())


def _inputs(argument: str, suffixes: Collection[str]) -> Iterator[Input]:
    if argument == STANDARD_INPUT:
        yield _standard_input()
        return
    path = _path(argument)
    if path.is_dir():
        yield from _in_folder(path, suffixes)
    elif path.exists():
        yield Input(PurePath(path.name), argument, path)
    elif files := _matches(argument):
        yield from (Input(PurePath(each.name), str(each), each) for each in files)
    else:
        raise typer.BadParameter(f"{argument!r} does not exist, or no file is like it")


def _path(argument: str) -> Path:
    scheme, separator, _ = argument.partition("://")
    if not separator or not scheme.isalnum():
        return Path(argument)
    address = urlsplit(argument)
    if address.scheme != "file" or address.hostname not in (None, "localhost"):
        raise typer.BadParameter(f"{argument!r} is not on this machine; accepted: file:///path, or a path")
    return Path(unquote(address.path))


def _in_folder(folder: Path, suffixes: Collection[str]) -> Iterator[Input]:
    files = sorted(each for each in folder.rglob("*") if each.suffix.lower() in suffixes and each.is_file())
    if not files:
        raise typer.BadParameter(f"{folder} has no files with the suffixes {', '.join(sorted(suffixes))}")
    yield from (Input(each.relative_to(folder), str(each), each) for each in files)


def _matches(pattern: str) -> list[Path]:
    """The files that a pattern names, where the shell has not replaced it."""
    return sorted(path for each in glob.glob(pattern, recursive=True) if (path := Path(each)).is_file())


def _standard_input() -> Input:
    if sys.stdin.isatty():
        raise typer.BadParameter("standard input is a terminal; send a file to it: sokuji ... - < FILE")
    return _kept("stdin", "standard input", typer.get_binary_stream("stdin"), MAX_STREAM_BYTES)
