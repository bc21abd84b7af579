"""``sokuji models prune`` removes what is not needed, and nothing else."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sokuji import models
from sokuji.cli.app import app
from sokuji.models import store
from tests.support.model_hub import ModelHub

LESSAC = ("piper", "en_US-lessac-low")


def prune(*options: str) -> str:
    done = CliRunner().invoke(app, ["models", "prune", *options])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def voice(hub: ModelHub, cache: Path) -> Path:
    """A voice that has been fetched."""
    return models.fetch(*LESSAC)  # type: ignore[arg-type]


def partial(cache: Path) -> Path:
    folder = cache / "partial" / "whisper--small"
    folder.mkdir(parents=True)
    (folder / "model.bin.incomplete").write_bytes(bytes(2_000_000))
    return folder


def test_a_download_that_broke_off_goes_and_a_model_stays(voice: Path, cache: Path) -> None:
    rest = partial(cache)
    assert "would be removed: incomplete download whisper--small (2.0 MB)" in prune("--dry-run")
    assert rest.exists()
    assert "2.0 MB are free again" in prune()
    assert not rest.exists()
    assert voice.exists()


def test_a_model_that_no_named_profile_has_goes(voice: Path, cache: Path) -> None:
    assert "0.0 MB would be free" in prune("--profile", "low_latency", "--dry-run")
    assert f"removed: {' '.join(LESSAC)}" in prune("--profile", "default")
    assert not voice.exists()
    assert {each.state for each in models.catalogue() if each.name == LESSAC[1]} <= {"fetchable"}
    models.fetch(*LESSAC)  # type: ignore[arg-type]
    assert voice.exists()


def test_what_another_process_writes_stays(cache: Path) -> None:
    rest = partial(cache)
    with store.locked("whisper--small"):
        assert "kept: incomplete download whisper--small" in prune()
    assert rest.exists()


def test_a_temporary_folder_goes_when_nobody_can_be_writing_it_any_more(voice: Path, cache: Path) -> None:
    young, old = (cache / "fetched" / name for name in (".young", ".old"))
    for each in (young, old):
        each.mkdir()
    os.utime(old, (0, 0))
    prune()
    assert young.exists()
    assert not old.exists()
    assert voice.exists()
