"""How fast a model of the published size is; nothing is asserted about it.

The figures are for docs/providers.md. The weights are random, on which the time does not depend.
"""

import resource
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
        began = time.monotonic()
        parts = network.speak(TEXT, voice(path))
        samples = len(next(parts).waveform)
        first.append(time.monotonic() - began)
        samples += sum(len(part.waveform) for part in parts)
        whole.append(time.monotonic() - began)
        seconds = samples / network.sample_rate
    parameters = sum(each.numel() for each in network._model.parameters())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    with capsys.disabled():
        print(
            f"\n{name}: {parameters / 1e6:.0f} million parameters; first audio after {min(first):.2f} s; "
            f"a second of speech takes {min(whole) / seconds:.2f} s; at most {peak:.1f} GB in memory"
        )
    assert seconds > 1
