"""The rewritten network says the same as the model's file, and has none of its slow operations."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from sokuji import models
from sokuji.errors import ModelMissing
from sokuji.providers.onnx_session import open_session_on
from sokuji.providers.tts.kokoro.network import KokoroNetwork, faster_model
from sokuji.providers.tts.kokoro.provider import LONGEST_PHONEMES, MODEL, to_symbols

VOICE = "jm_kumo"
NUDGE = 1.0001
"""A style that is louder by this factor sounds the same. The samples differ, because small differences grow
in the network's phases and roundings."""


def spectrum(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Levels of frames of 43 ms in dB, shape (frames, 64 bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 1_024)[::256] * np.hanning(1_024)
    power = np.abs(np.fft.rfft(frames, axis=1)[:, :512]) ** 2
    levels: NDArray[np.float64] = 10 * np.log10(power.reshape(len(frames), 64, 8).sum(axis=2) + 1e-4)
    return levels


def distance(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Log-spectral distance in dB."""
    length = min(left.size, right.size)
    difference = spectrum(left[:length]) - spectrum(right[:length])
    return float(np.sqrt((difference**2).mean(axis=1)).mean())


def resident(field: str) -> int:
    """Kilobytes of memory of this process: ``VmRSS``, or ``VmHWM`` at the peak (proc(5))."""
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(field))
    return int(line.split()[1])


@pytest.mark.long
@pytest.mark.models
def test_a_long_phrase_leaves_no_memory_behind() -> None:
    network = KokoroNetwork(models.locate("kokoro", MODEL), cpu_threads=2)
    style = network.styles[VOICE]
    phonemes = to_symbols("O trem parte da estação central todas as manhãs, ", "pt", network.ids)
    network.render(phonemes, style)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    network.render((4 * phonemes)[:LONGEST_PHONEMES], style)
    kept, needed = resident("VmRSS") - before, resident("VmHWM") - before
    assert kept < needed / 3


@pytest.mark.models
def test_the_rewritten_network_sounds_like_the_file() -> None:
    folder = models.locate("kokoro", MODEL)
    network = KokoroNetwork(folder, cpu_threads=1)
    file = open_session_on("cpu", folder / "model.onnx", cpu_threads=1)
    phonemes = to_symbols("O trem,", "pt", network.ids)
    style = network.styles[VOICE]
    tokens = np.array([[0, *(network.ids[each] for each in phonemes), 0]], np.int64)

    def from_file(factor: float) -> NDArray[np.float32]:
        inputs = {"tokens": tokens, "style": style[len(phonemes) - 1] * np.float32(factor)}
        waveform: NDArray[np.float32] = file.run(None, {**inputs, "speed": np.ones(1, np.float32)})[0]
        return waveform.reshape(-1)

    spoken, expected = network.render(phonemes, style), from_file(1.0)
    assert spoken.size == expected.size
    assert distance(spoken, expected) < max(1.5, distance(from_file(NUDGE), expected))


@pytest.mark.models
def test_no_slow_operation_remains() -> None:
    path = models.locate("kokoro", MODEL) / "model.onnx"
    before, after = (
        Counter(node.op_type for node in model.graph.node)
        for model in (onnx.load(path), onnx.load_from_string(faster_model(path)))
    )
    assert before["ConvInteger"] > 0
    assert after["ConvInteger"] == 0
    # The encoder normalises over channels in its layers, never over time.
    assert after["Sqrt"] < before["Sqrt"] / 3


def test_a_damaged_model_is_missing(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"vocab": {"a": 1}}))
    np.savez(tmp_path / "voices_ja.npz", jm_kumo=np.zeros((510, 1, 256), np.float32))
    (tmp_path / "model.onnx").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelMissing, match="damaged"):
        KokoroNetwork(tmp_path, cpu_threads=1)
