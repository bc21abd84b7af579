"""How fast a model of the published size is; nothing is asserted about it.

The figures are for docs/providers.md. The weights are random, on which the time does not depend.
"""

import time
from pathlib import Path

import pytest
import yaml

from sokuji.models.pocket_tts import descriptions
from tests.pocket_tts.test_network import opened, voice
from tests.support.pocket_tts.description import SYMBOLS
from tests.support.pocket_tts.small_model import make

TEXT = "Good morning, all."
"""As many letters, which are its tokens here, as a sentence of a dozen words has tokens."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["english", "english_18m_2026-10"])
def test_how_fast_it_is(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    description = yaml.safe_load(descriptions()[name].read_text())
    table = {"n_bins": len(SYMBOLS), "tokenizer": "tokenizers", "tokenizer_path": "tokenizer.json"}
    description["flow_lm"]["lookup_table"] |= table
    description["default_eos_threshold"] = 1e9
    path = make(tmp_path / "model", description)
    network = opened(path)
    first, whole, seconds = [], [], 0.0
    for _ in range(3):
        # All is computed in this thread. Its processor time does not depend on what else the machine does.
        began = time.thread_time()
        parts = network.speak(TEXT, voice(path))
        samples = len(next(parts).waveform)
        first.append(time.thread_time() - began)
        samples += sum(len(part.waveform) for part in parts)
        whole.append(time.thread_time() - began)
        seconds = samples / network.sample_rate
    parameters = sum(each.numel() for each in network._model.parameters())
    with capsys.disabled():
        print(
            f"\n{name}, {parameters / 1e6:.0f} million parameters: {min(first):.2f} s of processor time "
            f"for the first frame, {min(whole) / seconds:.2f} s for a second of speech"
        )
    assert seconds > 1
