"""NLLB's files are fetched in the form that a runtime wants, or converted from the original weights, once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sokuji import models
from sokuji.cli.app import app
from sokuji.errors import ModelMissing
from sokuji.models import nllb
from sokuji.models.table import NLLB_REPOSITORIES, Kind
from tests.support.model_hub import ModelHub

SMALL, LARGE = "facebook/nllb-200-distilled-600M", "facebook/nllb-200-1.3B"
ONNX = "Xenova/nllb-200-distilled-600M"
CONVERTED = ("config.json", "model.bin", "tokenizer.json", "shared_vocabulary.json")


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    """A hub with a converted model, one as graphs, and original weights; an empty cache."""
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "cache"))
    hub = ModelHub()
    hub.files = {f"{NLLB_REPOSITORIES[SMALL]}/{name}": name.encode() for name in (*CONVERTED, "README.md")}
    hub.files |= {f"{ONNX}/{name}": name.encode() for name in ("tokenizer.json", "config.json")}
    for graph in ("encoder_model", "decoder_model", "decoder_model_merged"):
        hub.files |= {f"{ONNX}/onnx/{graph}{ending}.onnx": graph.encode() for ending in ("", "_quantized")}
    hub.files |= {f"{LARGE}/{name}": b"{}" for name in ("config.json", "tokenizer.json", "pytorch_model.bin")}
    with hub.serving() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield hub


@pytest.fixture
def converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of CTranslate2's converter, which takes its arguments and notes them."""
    program = tmp_path / "converter.py"
    program.write_text(
        "import argparse, pathlib\n"
        "parser = argparse.ArgumentParser()\n"
        "for name in ('--model', '--output_dir', '--copy_files'):\n"
        "    parser.add_argument(name, required=True)\n"
        "for name in ('--force', '--low_cpu_mem_usage'):\n"
        "    parser.add_argument(name, action='store_true')\n"
        "given = parser.parse_args()\n"
        "folder = pathlib.Path(given.output_dir)\n"
        f"for name in {CONVERTED}:\n"
        "    (folder / name).write_text(given.model)\n"
    )
    monkeypatch.setattr(nllb, "CONVERTER", (sys.executable, str(program)))
    monkeypatch.setattr(nllb, "CONVERTER_PACKAGES", ())
    return program


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"manifest.json"}


@pytest.mark.parametrize("name", [SMALL, NLLB_REPOSITORIES[SMALL]])
def test_a_converted_model_is_fetched_by_the_name_of_the_original_or_by_its_own(name: str) -> None:
    folder = models.locate("nllb", name)
    assert names(folder) == set(CONVERTED)
    assert (folder / "model.bin").read_bytes() == b"model.bin"


def test_its_licence_is_said() -> None:
    models.locate("nllb", SMALL)
    licences = {
        status.name: (status.state, status.licence) for status in models.catalogue() if status.kind == "nllb"
    }
    assert licences.pop(SMALL) == ("verified", "CC-BY-NC-4.0")
    assert set(licences.values()) == {("fetchable", "CC-BY-NC-4.0")}
    assert licences.keys() | {SMALL} == NLLB_REPOSITORIES.keys()


@pytest.mark.parametrize(("precision", "ending"), [("", ""), ("@float32", ""), ("@int8", "_quantized")])
def test_graphs_are_fetched_in_the_precision_asked_for(precision: str, ending: str) -> None:
    folder = models.locate("nllb-onnx", f"{SMALL}{precision}")
    graphs = {f"{graph}{ending}.onnx" for graph in ("encoder_model", "decoder_model_merged")}
    assert names(folder) == {"tokenizer.json", *graphs}


def test_original_weights_are_converted_once_and_then_found_without_the_hub(
    hub: ModelHub, converter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = CliRunner().invoke(app, ["models", "fetch", "nllb", LARGE])
    assert answer.exit_code == 0
    folder = models.locate("nllb", LARGE)
    assert str(folder) in answer.output
    assert names(folder) == set(CONVERTED)
    assert (folder / "model.bin").read_text() == LARGE
    converter.unlink()
    asked = len(hub.requests)
    assert models.fetch("nllb", LARGE) == folder
    assert len(hub.requests) == asked
    (status,) = (status for status in models.verify_all() if status.name == LARGE)
    assert status.state == "verified"


def test_a_start_does_not_convert_but_says_how(converter: Path) -> None:
    with pytest.raises(ModelMissing) as caught:
        models.locate("nllb", LARGE)
    assert f"{LARGE} holds no model.bin" in caught.value.message
    assert f"'sokuji models fetch nllb {LARGE}' converts them, once" in caught.value.message
    assert caught.value.param == "translation_model"


def test_a_converter_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nllb, "CONVERTER_PACKAGES", ("no_such_package",))
    with pytest.raises(
        ModelMissing, match=r"pip install 'sokuji-bridge\[nllb-convert\]' \(no_such_package\) and"
    ):
        models.fetch("nllb", LARGE)


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("import sys; sys.exit('ValueError: no such architecture')", "ValueError: no such architecture"),
        ("", "did not create config.json, model.bin, tokenizer.json"),
    ],
)
def test_a_conversion_that_fails_leaves_nothing_behind(
    converter: Path, tmp_path: Path, program: str, fault: str
) -> None:
    converter.write_text(program)
    with pytest.raises(ModelMissing, match=fault):
        models.fetch("nllb", LARGE)
    assert list((tmp_path / "cache" / "fetched").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "name", "accepted"),
    [
        ("nllb", "gigantic", f"{SMALL}, .* an owner/name of the hub, or a local folder"),
        ("nllb", f"{SMALL}@int8", "no such model"),
        ("nllb-onnx", f"{SMALL}@int4", "@float32, @float16, @int8"),
        (
            "nllb",
            "/no/such/folder",
            "not there: config.json, model.bin, tokenizer.json, shared_vocabulary.json",
        ),
        ("nllb-onnx", "/no/such/folder@int8", "not there: tokenizer.json"),
        ("nllb-onnx", f"{LARGE}@int8", "holds no onnx/encoder_model_quantized.onnx"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_what_is_accepted(
    kind: Kind, name: str, accepted: str
) -> None:
    with pytest.raises(ModelMissing, match=accepted):
        models.locate(kind, name)


def test_a_local_model_is_used_where_it_lies(tmp_path: Path) -> None:
    for name in ("config.json", "model.bin", "tokenizer.json", "shared_vocabulary.txt"):
        (tmp_path / name).write_text("")
    assert models.locate("nllb", str(tmp_path)) == tmp_path
    assert models.locate("nllb-onnx", f"{tmp_path}@int8") == tmp_path
