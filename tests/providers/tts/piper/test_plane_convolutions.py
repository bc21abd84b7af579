"""A convolution over planes of height one gives what the convolution along time gives."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from sokuji.providers.tts.piper.plane_convolutions import rewrite_convolutions

CHANNELS, LENGTH = 4, 40


def model(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, None, None])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def result(tested: onnx.ModelProto) -> np.ndarray:
    (y,) = ReferenceEvaluator(tested).run(None, {"x": values(1, CHANNELS, LENGTH)})
    return np.asarray(y)


@given(
    taps=st.integers(1, 7),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 4),
    pads=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    group=st.sampled_from([1, 2, 4]),
    has_bias=st.booleans(),
)
def test_any_convolution_along_time_stays_the_same(
    taps: int, stride: int, dilation: int, pads: tuple[int, int], group: int, has_bias: bool
) -> None:
    weights = {"w": values(8, CHANNELS // group, taps, seed=1)}
    if has_bias:
        weights["b"] = values(8, seed=2)
    settings: dict[str, Any] = {
        "kernel_shape": [taps],
        "strides": [stride],
        "dilations": [dilation],
        "pads": pads,
    }
    tested = model([helper.make_node("Conv", ["x", *weights], ["y"], group=group, **settings)], weights)
    expected = result(tested)
    assert rewrite_convolutions(tested) == 1
    onnx.checker.check_model(tested, full_check=True)
    (convolution,) = (node for node in tested.graph.node if node.op_type == "Conv")
    weight = next(each for each in tested.graph.initializer if each.name == convolution.input[1])
    assert list(weight.dims) == [8, CHANNELS // group, 1, taps]
    np.testing.assert_allclose(result(tested), expected, atol=1e-4)


@pytest.mark.parametrize("settings", [{}, {"auto_pad": "SAME_UPPER"}, {"kernel_shape": [3], "pads": [1, 1]}])
def test_settings_that_are_left_out_or_automatic_stay_the_same(settings: dict[str, Any]) -> None:
    tested = model([helper.make_node("Conv", ["x", "w"], ["y"], **settings)], {"w": values(8, CHANNELS, 3)})
    expected = result(tested)
    assert rewrite_convolutions(tested) == 1
    np.testing.assert_allclose(result(tested), expected, atol=1e-4)


def test_two_convolutions_may_share_their_weights() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["inner"], pads=[1, 1]),
        helper.make_node("Conv", ["inner", "w"], ["y"], pads=[1, 1]),
    ]
    tested = model(nodes, {"w": values(CHANNELS, CHANNELS, 3)})
    expected = result(tested)
    assert rewrite_convolutions(tested) == 2
    assert len(tested.graph.initializer) == 2  # The weights and the axis.
    np.testing.assert_allclose(result(tested), expected, atol=1e-4)


def test_a_convolution_whose_weights_are_computed_is_left_alone() -> None:
    nodes = [helper.make_node("Neg", ["w"], ["weights"]), helper.make_node("Conv", ["x", "weights"], ["y"])]
    tested = model(nodes, {"w": values(8, CHANNELS, 3)})
    before = tested.SerializeToString()
    assert rewrite_convolutions(tested) == 0
    assert tested.SerializeToString() == before
