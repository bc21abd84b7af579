"""The network against the package's own loop: the same samples, in parts between which others compute."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sokuji.config import PocketTtsConfig
from sokuji.errors import ModelMissing
from sokuji.providers.tts.pocket_tts.model_files import find_files
from sokuji.providers.tts.pocket_tts.network import PocketNetwork
from sokuji.providers.tts.pocket_tts.provider import PocketTts
from sokuji.providers.tts.waveform_chunks import Waveform
from tests.support.pocket_tts.description import described
from tests.support.pocket_tts.small_model import make, small_model

FRAME = 1_920
"""Samples of a latent frame."""
TEXT = "Good morning, where is the station?"
ENDS_AT_ONCE = {"default_eos_threshold": -1e9}
EXACT = {"default_temperature": 0.0}
"""A temperature at which nothing is drawn at random."""


def opened(path: Path) -> PocketNetwork:
    return PocketNetwork(find_files(PocketTtsConfig(tts_model=str(path))))


def voice(path: Path, name: str = "ana") -> Path:
    return path.parent / "embeddings" / f"{name}.safetensors"


def said(network: PocketNetwork, text: str, by: Path) -> Waveform:
    return np.concatenate([part.waveform for part in network.speak(text, by)])


@pytest.fixture(scope="module")
def network() -> PocketNetwork:
    """The small model, loaded."""
    return opened(small_model())


@pytest.fixture
def steps(network: PocketNetwork, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each step of the transformer."""
    model, taken = network._model, []
    step = model._run_flow_lm_and_increment_step

    def counted(*args: Any, **kwargs: Any) -> Any:
        taken.append(1)
        return step(*args, **kwargs)

    monkeypatch.setattr(model, "_run_flow_lm_and_increment_step", counted)
    return taken


@pytest.mark.parametrize(
    "changes",
    [
        {},
        ENDS_AT_ONCE,
        {**ENDS_AT_ONCE, "model_recommended_frames_after_eos": 0},
        {"remove_semicolons": True},
    ],
    ids=["to the limit", "to its end", "none after the end", "semicolons"],
)
@pytest.mark.parametrize("text", [TEXT, "no; yes"])
def test_it_makes_the_samples_that_the_package_makes(
    tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    path = make(tmp_path / "model", described(**changes))
    network = opened(path)
    torch.manual_seed(7)
    ours = said(network, text, voice(path))
    torch.manual_seed(7)
    state = network._model.get_state_for_audio_prompt(voice(path))
    theirs = torch.cat(list(network._model.generate_audio_stream(state, text))).numpy()
    assert len(ours) == len(theirs)
    assert np.abs(theirs).max() > 0.05
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_parts_begin_with_one_frame_and_the_final_one_is_last(network: PocketNetwork) -> None:
    parts = list(network.speak(TEXT, voice(small_model())))
    lengths = [len(part.waveform) // FRAME for part in parts]
    assert lengths[:6] == [1, 1, 2, 3, 4, 4]
    assert set(lengths[4:-1]) == {4}
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_nothing_is_computed_before_it_is_asked_for_nor_in_other_threads(
    network: PocketNetwork, steps: list[int]
) -> None:
    threads = set(threading.enumerate())
    parts = network.speak(TEXT, voice(small_model()))
    assert steps == []
    next(parts)
    assert len(steps) == 2  # The text, and one frame.
    next(parts)
    next(parts)
    assert len(steps) == 5
    parts.close()  # type: ignore[attr-defined]
    assert len(steps) == 5
    assert set(threading.enumerate()) == threads


def test_texts_that_are_computed_at_the_same_time_do_not_change_each_other(tmp_path: Path) -> None:
    path = make(tmp_path / "model", described(**EXACT))
    network = opened(path)
    texts = [(TEXT, voice(path)), ("one two three four", voice(path, "ben")), (TEXT, voice(path, "ben"))] * 2
    alone = [said(network, *each) for each in texts]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda each: said(network, *each), texts))
    assert not np.array_equal(alone[0], alone[2]), "voices differ"
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_to_load_a_model_reaches_for_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("something was to be downloaded")

    monkeypatch.setattr("pocket_tts.utils.utils.hf_hub_download", refuse)
    monkeypatch.setattr("requests.get", refuse)
    assert "hf://" in small_model().read_text()
    opened(small_model())


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "model", described())
    weights = path.parent / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelMissing, match="damaged or do not belong together") as caught:
        opened(path)
    assert caught.value.param == "tts_model"
    weights.write_bytes(whole)
    path.write_text(path.read_text().replace("num_layers: 2", "num_layers: 3"))
    with pytest.raises(ModelMissing, match="damaged or do not belong together"):
        opened(path)


async def test_a_voice_of_another_model_is_refused_when_the_model_is_loaded(tmp_path: Path) -> None:
    path = make(tmp_path / "model", described())
    voice(path).write_bytes(voice(path).read_bytes()[:100])
    provider = PocketTts(PocketTtsConfig(tts_model=str(path)))
    with pytest.raises(ModelMissing, match="its voice 'ana' is damaged"):
        await provider.load()
    await provider.aclose()
