"""Where results go: a file by its suffix, a folder with files of several formats, standard output.

``-o FILE`` names one file, whose suffix is its format. ``--format`` names the formats of the files in
``--output-dir``, or without a folder the one format that goes to standard output. What cannot be written is
refused before the work begins.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Annotated, NamedTuple

import typer

from sokuji.cli.files import atomic_files
from sokuji.cli.files.inputs import Input
from sokuji.config import AudioFormat

TEXT_FORMATS = ("txt", "srt", "vtt", "json", "tsv")
SOUND_FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {"wav": "wav", "mp3": "mp3", "opus": "opus", "ogg": "opus", "flac": "flac"}
)
"""Suffix of a file -> how its audio is encoded."""
STANDARD_OUTPUT = Path("-")

FormatsOption = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="LIST",
        help="Formats of the files in the output folder, such as srt,json; or the one that is printed.",
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The file to write; its suffix is the format. - prints it."
    ),
]
OutputDirOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder for the files of each input. Inputs whose files are there already are skipped.",
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Work on inputs again whose files are there already.")
]


class Sink(NamedTuple):
    """One result of an input."""

    format: str
    path: Path | None
    """None: standard output."""

    def partial(self) -> "Sink":
        """Where an incomplete result goes: ``talk.partial.srt`` for ``talk.srt``."""
        if self.path is None:
            return self
        return self._replace(path=self.path.with_suffix(f".partial{self.path.suffix}"))


class WorkItem(NamedTuple):
    """An input with all that is made of it."""

    input: Input
    sinks: tuple[Sink, ...]

    @property
    def is_done(self) -> bool:
        """Whether all files are there, and none is older than the input."""
        paths = [sink.path for sink in self.sinks if sink.path is not None]
        if not paths or len(paths) < len(self.sinks) or not all(path.is_file() for path in paths):
            return False
        since = self.input.path.stat().st_mtime if self.input.path else 0
        return all(path.stat().st_mtime >= since for path in paths)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the options say about outputs.

    Args:
        accepted: formats that the command makes.
        formats: those of ``--format``, separated by commas; empty: none.
        output, folder: of the options; ``-`` is standard output.
        default: the format of a folder's files, and of ``-``, if none is named.

    Raises:
        typer.BadParameter: a format that is not accepted, or options that do not go together.
    """

    accepted: Sequence[str]
    formats: str
    output: Path | None
    folder: Path | None
    default: str

    def __post_init__(self) -> None:
        if unknown := [each for each in self.named if each not in self.accepted]:
            raise typer.BadParameter(
                f"{', '.join(unknown)!r} is no format here; accepted: {', '.join(self.accepted)}",
                param_hint="--format",
            )
        if self.output is not None and self.folder is not None:
            raise typer.BadParameter("name either a file or a folder", param_hint="--output, --output-dir")
        if self.folder is None and len(self.named) > 1:
            raise typer.BadParameter(
                "one format is printed; several are written to --output-dir", param_hint="--format"
            )
        if (path := self._file) is not None and _suffix(path) not in self.accepted:
            raise typer.BadParameter(
                f"{str(path)!r} has no suffix of a format that is written; "
                f"accepted: {', '.join(f'.{each}' for each in self.accepted)}",
                param_hint="--output",
            )

    @property
    def named(self) -> tuple[str, ...]:
        """The formats of ``--format``."""
        return tuple(dict.fromkeys(each.strip().lower() for each in self.formats.split(",") if each.strip()))

    @property
    def _file(self) -> Path | None:
        return None if self.output == STANDARD_OUTPUT else self.output

    def sinks(self, name: PurePath, tag: Callable[[str], str]) -> tuple[Sink, ...]:
        """The results of an input.

        Args:
            name: of its files in the folder, without a suffix.
            tag: format -> what stands before the suffix, such as ".en", or nothing.
        """
        if self.folder is not None:
            return tuple(
                Sink(each, self.folder / name.with_name(f"{name.name}{tag(each)}.{each}"))
                for each in self.named or (self.default,)
            )
        printed = self.named or ((self.default,) if self.output == STANDARD_OUTPUT else ())
        written = (Sink(_suffix(self._file), self._file),) if self._file else ()
        return (*written, *(Sink(each, None) for each in printed))


def _suffix(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def check(work: Sequence[WorkItem], folder: Path | None) -> None:
    """Find out whether all files can be written, and make the folders below ``folder`` for them.

    Raises:
        typer.BadParameter: one cannot, two inputs have the same one, or it is an input itself.
    """
    if folder is None and len(work) > 1 and any(item.sinks for item in work):
        raise typer.BadParameter(
            f"{len(work)} inputs need a folder for their files", param_hint="--output-dir"
        )
    owners = {each.input.path.resolve(): each.input for each in work if each.input.path is not None}
    known: set[Path] = set()
    for item, path in _files(work):
        target = path.resolve()
        other = owners.get(target)
        if other is not None:
            raise typer.BadParameter(
                f"{path}, which is made of {item.input.label}, is {other.label} or made of it too"
            )
        owners[target] = item.input
        if folder is not None and target.parent not in known:
            _make_folder(path.parent)
        if path.exists() or target.parent not in known:
            _check_writable(path)
        known.add(target.parent)


def _files(work: Sequence[WorkItem]) -> Iterator[tuple[WorkItem, Path]]:
    return ((item, sink.path) for item in work for sink in item.sinks if sink.path is not None)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be made: {error.strerror}") from None


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file")
    try:
        atomic_files.check_writable(path)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None
