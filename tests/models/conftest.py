"""What the tests of model files share: an empty cache, and a hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_hub import ModelHub

WHISPER_SMALL = "Systran/faster-whisper-small"
LESSAC = "rhasspy/piper-voices/en/en_US/lessac/low/en_US-lessac-low.onnx"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("SOKUJI_MODELS_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    """A hub with one Whisper model and one Piper voice."""
    hub = ModelHub()
    names = ("config.json", "model.bin", "tokenizer.json", "vocabulary.json", "README.md")
    hub.files = {f"{WHISPER_SMALL}/{name}": name.encode() * 100_000 for name in names}
    hub.files |= {LESSAC: b"onnx" * 1_000, f"{LESSAC}.json": b"{}"}
    with hub.serving() as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield hub
