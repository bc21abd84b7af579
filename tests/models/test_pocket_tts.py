"""Models of Pocket TTS are fetched at the commits that the installed package names, and found in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sokuji import models
from sokuji.config import PocketTtsConfig
from sokuji.errors import ModelMissing
from sokuji.models import pocket_tts
from sokuji.models.pocket_tts import VOICES_COMMIT
from sokuji.models.table import POCKET_TTS_REPOSITORY
from sokuji.providers.tts.pocket_tts.model_files import find_files
from tests.support.model_hub import ModelHub
from tests.support.pocket_tts.description import described

WEIGHTS, TOKENIZER = "languages/french/model.safetensors", "languages/french/tokenizer.json"
VOICES = ("estelle", "alba")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache for each test."""
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "cache"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with the description of one model, as the real one has it."""
    folder = tmp_path / "site" / "pocket_tts"
    (folder / "config").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('only the files are wanted')")
    source = f"hf://{POCKET_TTS_REPOSITORY}"
    description = described(
        weights_path=f"hf://kyutai/pocket-tts/{WEIGHTS}@{'a' * 40}",
        weights_path_without_voice_cloning=f"{source}/{WEIGHTS}@{'b' * 40}",
    )
    description["flow_lm"]["lookup_table"]["tokenizer_path"] = f"{source}/{TOKENIZER}@{'c' * 40}"
    (folder / "config" / "french.yaml").write_text(yaml.safe_dump(description))
    monkeypatch.syspath_prepend(folder.parent)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    """A hub with that model and two of the package's voices."""
    hub = ModelHub()
    paths = (WEIGHTS, TOKENIZER, *(f"languages/french/embeddings/{voice}.safetensors" for voice in VOICES))
    hub.files = {f"{POCKET_TTS_REPOSITORY}/{path}": path.encode() for path in paths}
    with hub.serving() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield hub


@pytest.mark.usefixtures("package")
def test_a_model_is_fetched_at_its_commits_with_the_voices_that_there_are(hub: ModelHub) -> None:
    folder = models.fetch("pocket-tts", "french")
    assert {path.name for path in folder.iterdir()} == {
        *("model.safetensors", "tokenizer.json", "estelle.safetensors", "alba.safetensors", "manifest.json")
    }
    asked = {name.removeprefix(f"{POCKET_TTS_REPOSITORY}/"): at for name, at in hub.revisions.items()}
    assert asked[WEIGHTS] == "b" * 40
    assert asked[TOKENIZER] == "c" * 40
    assert asked["languages/french/embeddings/estelle.safetensors"] == VOICES_COMMIT
    files = find_files(PocketTtsConfig(tts_model="french"))
    assert files.language == "fr"
    assert files.voices == {name: folder / f"{name}.safetensors" for name in VOICES}
    assert files.description["weights_path"] == str(folder / "model.safetensors")
    assert [status.state for status in models.catalogue() if status.kind == "pocket-tts"] == ["verified"]


@pytest.mark.usefixtures("package")
def test_a_model_without_its_default_voice_is_not_fetched(hub: ModelHub) -> None:
    del hub.files[f"{POCKET_TTS_REPOSITORY}/languages/french/embeddings/estelle.safetensors"]
    with pytest.raises(ModelMissing, match=r"holds no languages/french/embeddings/estelle\.safetensors"):
        models.locate("pocket-tts", "french")


@pytest.mark.usefixtures("package")
def test_a_name_that_means_nothing_is_refused_with_what_is_accepted() -> None:
    with pytest.raises(ModelMissing, match=r"accepted: french, or a local \.yaml file") as caught:
        models.locate("pocket-tts", "klingon")
    assert caught.value.param == "tts_model"
    assert [status.state for status in models.catalogue() if status.name == "french"] == ["fetchable"]


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pocket_tts, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match=r"pip install 'sokuji-bridge\[pocket-tts\]'"):
        models.locate("pocket-tts", "english")
