"""The ``sokuji`` program with the models of the real service, on real recordings."""

from pathlib import Path

from tests.service.conftest import RunningService
from tests.support import command_line


def test_recordings_are_transcribed(service: RunningService, tmp_path: Path) -> None:
    command_line.transcribes(tmp_path, "--server", f"http://{service.address}")


def test_recordings_and_texts_are_translated(service: RunningService, tmp_path: Path) -> None:
    command_line.translates(tmp_path, "--server", f"http://{service.address}")


def test_a_text_is_spoken(service: RunningService, tmp_path: Path) -> None:
    command_line.speaks(tmp_path, "--server", f"http://{service.address}")
