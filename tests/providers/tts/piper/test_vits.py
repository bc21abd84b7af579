"""A voice that is cut in pieces sounds as it does whole; one that cannot be cut is spoken all the same."""

import logging
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sokuji import models
from sokuji.providers.onnx_session import open_session_on
from sokuji.providers.tts.piper.vits import (
    FIRST_FRAMES,
    LONGEST_FRAMES,
    SLACK,
    DividedVits,
    SpeakingStyle,
    UndividedVits,
    open_voice,
    spans,
)

VOICE = "en_US-joe-medium"
PATH = models.locate("piper", VOICE) / f"{VOICE}.onnx"
IDS = [1, 0, *([20, 0, 39, 0, 61, 0, 24, 0] * 14), 2]
STEADY = SpeakingStyle(noise_scale=0, length_scale=1, noise_w_scale=0, speaker=None)


@pytest.fixture(scope="module")
def voice() -> DividedVits:
    """Joe, cut."""
    voice = open_voice(PATH, device="cpu", cpu_threads=1)
    assert isinstance(voice, DividedVits)
    return voice


@pytest.mark.parametrize("total", [1, 24, 29, 31, 200, 1_000])
def test_spans_cover_all_frames_and_grow(total: int) -> None:
    cuts = list(spans(total))
    assert [start for start, _ in cuts] == [0, *(end for _, end in cuts[:-1])]
    assert cuts[-1][1] == total
    lengths = [end - start for start, end in cuts]
    assert lengths[0] <= FIRST_FRAMES * SLACK
    assert max(lengths) <= LONGEST_FRAMES * SLACK
    assert all(after >= before for before, after in pairwise(lengths[:-1]))


@pytest.mark.models
def test_a_phrase_decoded_in_parts_equals_the_undivided_model(voice: DividedVits) -> None:
    pieces = list(voice.speak(IDS, STEADY))
    whole = UndividedVits(open_session_on("cpu", PATH, cpu_threads=1))
    ((expected, _),) = whole.speak(IDS, STEADY)
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert len(pieces) >= 3
    joined = np.concatenate([piece.waveform for piece in pieces])
    assert joined.shape == expected.shape
    assert np.abs(joined - expected).max() < 1e-4
    assert np.abs(expected).max() > 0.05


@pytest.mark.models
def test_a_phrase_sounds_the_same_each_time_and_unlike_others(voice: DividedVits) -> None:
    usual = SpeakingStyle(noise_scale=0.667, length_scale=1, noise_w_scale=0.8, speaker=None)
    once, again, steady = (
        np.concatenate([piece.waveform for piece in voice.speak(IDS, manner)])
        for manner in (usual, usual, STEADY)
    )
    assert np.array_equal(once, again)
    assert once.shape != steady.shape


@pytest.mark.models
def test_a_voice_with_an_unsupported_graph_is_synthesised_in_whole_phrases(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A network that takes what Piper gives, and whose waveform is its scales.
    takes = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, None]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    makes = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [3])]
    graph = helper.make_graph([helper.make_node("Identity", ["scales"], ["output"])], "g", takes, makes)
    opsets = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "other.onnx")
    with caplog.at_level(logging.WARNING):
        voice = open_voice(tmp_path / "other.onnx", device="cpu", cpu_threads=1)
    (line,) = caplog.messages
    assert line == (
        "other is synthesised in whole phrases, not in parts: it draws random numbers in 0 places"
    )
    assert [(list(waveform), last) for waveform, last in voice.speak(IDS, STEADY)] == [([0, 1, 0], True)]
