"""Files that are complete or not there."""

import os
import stat
from pathlib import Path

import pytest

from sokuji.cli.files import atomic_files


def test_a_file_is_replaced_with_its_permissions_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("old")
    path.chmod(0o640)
    atomic_files.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    atomic_files.write(tmp_path / "talk.txt", b"new")
    assert (tmp_path / "talk.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_failure_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        atomic_files.write(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link.txt", tmp_path / "there" / "talk.txt"
    link.symlink_to(target)
    atomic_files.write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        atomic_files.check_writable(pipe)
        atomic_files.write(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_long_names_are_no_trouble(tmp_path: Path) -> None:
    atomic_files.write(tmp_path / f"{'é' * 120}.txt", b"new")
    with pytest.raises(OSError, match="too long"):
        atomic_files.check_writable(tmp_path / f"{'x' * 300}.txt")
