"""The ``sokuji`` program with real models in its own process, on real recordings."""

from pathlib import Path

import pytest

from tests.support import command_line

pytestmark = pytest.mark.models


def test_recordings_are_transcribed(tmp_path: Path) -> None:
    command_line.transcribes(tmp_path, "--model", "base", "--device", "cpu")


def test_recordings_and_texts_are_translated(tmp_path: Path) -> None:
    command_line.translates(tmp_path)


def test_a_text_is_spoken(tmp_path: Path) -> None:
    command_line.speaks(tmp_path, "--model", "en_US-joe-medium", "--device", "cpu")
