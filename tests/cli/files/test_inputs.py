"""What a command finds that its arguments name."""

import io
from pathlib import Path

import pytest
import typer

from sokuji.cli.files import inputs
from sokuji.cli.files.inputs import RECORDING_SUFFIXES, Input, inputs_of
from sokuji.errors import TooLarge


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with recordings in two levels and a file that is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.mp3", "a.WAV", "notes.txt", "day 2/c.opus", "day 2/[x].wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def found(*arguments: str) -> list[Input]:
    return inputs_of(arguments, RECORDING_SUFFIXES)


def names(*arguments: str) -> list[str]:
    return [str(each.name) for each in found(*arguments)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["b.mp3", "a.WAV"], ["b.mp3", "a.WAV"]),
        (["notes.txt"], ["notes.txt"]),
        (["."], ["a.WAV", "b.mp3", "day 2/[x].wav", "day 2/c.opus"]),
        (["*.mp3"], ["b.mp3"]),
        (["**/*.opus"], ["c.opus"]),
        (["day 2/[x].wav"], ["[x].wav"]),
        (["b.mp3", "./b.mp3", "*.mp3"], ["b.mp3"]),
    ],
)
def test_files_folders_and_patterns_are_found_once_and_in_order(
    arguments: list[str], expected: list[str]
) -> None:
    assert names(*arguments) == expected


def test_an_address_of_a_file_is_its_path(folder: Path) -> None:
    address = (folder / "day 2" / "c.opus").as_uri()
    assert "%20" in address
    assert names(address) == ["c.opus"]
    assert names(address.replace("file://", "file://localhost")) == ["c.opus"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("c.mp3", "'c.mp3' does not exist"),
        ("*.flac", "no file is like it"),
        ("https://example.org/a.mp3", "is not on this machine"),
        ("file://elsewhere/a.mp3", "is not on this machine"),
    ],
)
def test_what_names_nothing_is_refused(argument: str, message: str) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        found(argument)


def test_a_folder_without_recordings_says_what_would_be_one(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"no files with the suffixes .*\.mp3"):
        found(str(tmp_path))


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What comes on standard input."""
    data = b"RIFF and so on" * 1_000
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    return data


def test_standard_input_can_be_read_again_and_has_a_descriptor(stdin: bytes) -> None:
    (each,) = found("-", "-")
    for _ in range(2):
        with each.opened() as file:
            assert file.read() == stdin
            assert file.fileno() > 0
    assert (str(each.name), each.label) == ("stdin", "standard input")


@pytest.mark.usefixtures("stdin")
def test_standard_input_is_bounded_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_STREAM_BYTES", 1_000)
    with pytest.raises(TooLarge, match="standard input is larger than 1000 bytes"):
        found("-")


@pytest.mark.usefixtures("folder")
def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_INPUTS", 3)
    with pytest.raises(TooLarge, match="more than 3 files"):
        found(".")
