"""The files of a model are found on this machine, and what is absent is named."""

from pathlib import Path
from typing import Any

import pytest

from sokuji.config import PocketTtsConfig
from sokuji.errors import ModelMissing
from sokuji.providers.tts.pocket_tts.model_files import ModelFiles, find_files
from tests.support.pocket_tts.description import SMALL, described, write, write_empty_model


def find(path: Path) -> ModelFiles:
    return find_files(PocketTtsConfig(tts_model=str(path)))


def refusal(path: Path) -> str:
    with pytest.raises(ModelMissing) as caught:
        find(path)
    assert caught.value.param == "tts_model"
    assert str(path.parent) not in caught.value.message
    return caught.value.message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The description of a model whose files are there."""
    return write_empty_model(tmp_path / "model")


def test_what_a_description_takes_from_a_hub_is_taken_from_beside_it(path: Path) -> None:
    files = find(path)
    assert files.description["weights_path"] == str(path.parent / "model.safetensors")
    table = files.description["flow_lm"]["lookup_table"]
    assert table["tokenizer_path"] == str(path.parent / "tokenizer.json")
    assert "://" not in str(files.description)
    assert files.voices == {
        name: path.parent / "embeddings" / f"{name}.safetensors" for name in ("ana", "ben")
    }


def test_paths_are_relative_to_the_description_or_absolute(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.safetensors").touch()
    for source, expected in (
        ("model.safetensors", path.parent / "model.safetensors"),
        (str(tmp_path / "elsewhere.safetensors"), tmp_path / "elsewhere.safetensors"),
        ("https://example.com/models/model.safetensors", path.parent / "model.safetensors"),
    ):
        write(path.parent, described(weights_path=source))
        assert find(path).description["weights_path"] == str(expected)


def test_weights_of_both_parts_may_be_in_files_of_their_own(path: Path) -> None:
    (path.parent / "codec.safetensors").touch()
    parts: dict[str, Any] = {
        "flow_lm": {**SMALL["flow_lm"], "weights_path": "model.safetensors"},
        "mimi": {**SMALL["mimi"], "weights_path": "codec.safetensors"},
    }
    write(path.parent, described(weights_path=None, **parts))
    assert find(path).description["mimi"]["weights_path"] == str(path.parent / "codec.safetensors")


@pytest.mark.parametrize("absent", ["model.safetensors", "tokenizer.json"])
def test_an_absent_file_is_named_and_not_downloaded(path: Path, absent: str) -> None:
    (path.parent / absent).unlink()
    assert f"english.yaml needs {absent} beside it" in refusal(path)


def test_a_model_without_voices_weights_or_description_is_refused(path: Path) -> None:
    for description, fault in (
        (described(weights_path=None), "names no weights"),
        ({"flow_lm": {}}, "is no description"),
        ({}, "is no description"),
    ):
        write(path.parent, description)
        assert fault in refusal(path)
    for text in ("[", "text", "\x00", ""):
        path.write_text(text)
        assert "is no description" in refusal(path)
    for voice in (path.parent / "embeddings").iterdir():
        voice.unlink()
    assert "has no voices: embeddings/NAME.safetensors" in refusal(path)
    path.unlink()
    with pytest.raises(ModelMissing, match=r"not there: english\.yaml"):
        find(path)
