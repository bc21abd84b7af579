"""Machines take models from a mirror: the files that were put there, complete, or none."""

import json
import os
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from sokuji import models
from sokuji.cli.app import app
from sokuji.errors import ConfigError, ModelMissing
from sokuji.models import manifest, mirror
from tests.support.model_hub import COMMIT, ModelHub

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture(params=["folder", "object store"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty mirror."""
    MemoryFileSystem.store.clear()
    return str(tmp_path / "mirror") if request.param == "folder" else "memory://bucket/models"


def publish(address: str) -> None:
    models.publish("whisper", "small", mirror.opened(address, "to"))


def on_another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str) -> Path:
    """Its empty cache; no hub is within reach."""
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("SOKUJI_MODELS_MIRROR", address)
    return tmp_path / "other"


def test_a_machine_without_a_hub_takes_what_was_put_there(
    hub: ModelHub, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(address)
    first = models.locate("whisper", "small")
    on_another_machine(monkeypatch, tmp_path, address)
    second = models.locate("whisper", "small")
    assert second != first
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        assert (second / name).read_bytes() == (first / name).read_bytes()
    assert "verified" in {each.state for each in models.catalogue() if each.name == "small"}


def test_what_arrives_damaged_is_refused_and_leaves_nothing(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "mirror")
    publish(address)
    (tmp_path / "mirror" / "whisper--small" / "model.bin").write_bytes(b"model.bin" * 99_999 + b"MODEL.BIN")
    cache = on_another_machine(monkeypatch, tmp_path, address)
    with pytest.raises(ModelMissing, match=r"not the one of its manifest"):
        models.locate("whisper", "small")
    assert not (cache / "fetched" / "whisper--small").exists()


def test_a_manifest_cannot_name_files_outside_its_folder(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "mirror")
    publish(address)
    path = tmp_path / "mirror" / "whisper--small" / "manifest.json"
    content = json.loads(path.read_text())
    content["files"]["../../evil"] = content["files"].pop("config.json")
    path.write_text(json.dumps(content))
    cache = on_another_machine(monkeypatch, tmp_path, address)
    with pytest.raises(ModelMissing, match="no file of its folder"):
        models.locate("whisper", "small")
    assert not list(cache.rglob("evil"))


def test_a_model_whose_publication_broke_off_is_not_there(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "mirror")
    publish(address)
    (tmp_path / "mirror" / "whisper--small" / "manifest.json").unlink()
    monkeypatch.setenv("SOKUJI_MODELS_MIRROR", address)
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "other"))
    # It comes from the hub then.
    asked = len(hub.requests)
    models.locate("whisper", "small")
    assert len(hub.requests) > asked


def test_another_commit_than_that_of_the_mirror_comes_from_the_hub(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "mirror")
    publish(address)
    monkeypatch.setenv("SOKUJI_MODELS_MIRROR", address)
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "other"))
    asked = len(hub.requests)
    models.fetch("whisper", "small", revision=COMMIT)
    assert len(hub.requests) == asked
    models.fetch("whisper", "small", revision="b" * 40)
    assert len(hub.requests) > asked


def test_the_manifest_records_the_commit_of_each_file(hub: ModelHub) -> None:
    found = manifest.read(models.fetch("whisper", "small"))
    assert found is not None
    assert set(found.revisions) == set(found.place.files)
    assert set(found.revisions.values()) == {COMMIT}


def test_a_cache_that_cannot_be_written_serves_what_it_holds(
    hub: ModelHub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = models.locate("whisper", "small")
    # In an image the times of files are others than when they were hashed.
    os.utime(folder / "model.bin", ns=(0, 0))

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    for method in ("mkdir", "write_text", "touch"):
        monkeypatch.setattr(Path, method, refuse)
    asked = len(hub.requests)
    assert models.locate("whisper", "small") == folder
    assert len(hub.requests) == asked


@pytest.mark.parametrize(
    ("address", "message"),
    [("s3://bucket/models", r"sokuji-bridge\[s3\]"), ("nowhere://x", "accepted: a path, s3://bucket/folder")],
)
def test_an_address_that_cannot_be_opened_is_refused(address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mirror.opened(address, "to")


def test_what_packages_carry_needs_no_mirror(address: str) -> None:
    with pytest.raises(ConfigError, match="no mirror needs it"):
        models.publish("vad", "silero-v6", mirror.opened(address, "to"))


def test_the_command_puts_all_models_of_a_config_into_the_mirror(
    hub: ModelHub, address: str, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "applications: [{import_path: 'graphs.speech_translation:app', deployments: "
        "[{name: SpeechToText, user_config: {model_size: small}}]}]"
    )
    done = CliRunner().invoke(app, ["models", "fetch", "--profile", str(config), "--to", address])
    assert done.exit_code == 0, done.output
    assert done.output == f"whisper small is in {address}\n"
    there = mirror.opened(address, "to")
    assert there.files.exists(f"{there.folder}/whisper--small/manifest.json")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["whisper"],
        ["whisper", "small", "--profile", "default"],
        ["--profile", "default", "--revision", "a"],
    ],
)
def test_the_command_wants_a_model_or_a_profile(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["models", "fetch", *arguments]).exit_code == 2
