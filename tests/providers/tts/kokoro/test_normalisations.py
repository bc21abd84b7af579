"""Normalisations rewritten as one node compute what their eight nodes did."""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper

from sokuji.providers.onnx_rewriting import Graph
from sokuji.providers.tts.kokoro.normalisations import rewrite_normalisations

pytestmark = pytest.mark.models

CHANNELS = 3
NODES = (
    ("ReduceMean", "x axes", "mean"),
    ("Sub", "x mean", "centred"),
    ("Mul", "centred centred", "squared"),
    ("ReduceMean", "squared axes", "variance"),
    ("Add", "variance epsilon", "sum"),
    ("Sqrt", "sum", "deviation"),
    ("Div", "centred deviation", "normalised"),
    ("Mul", "scale_0 normalised", "scaled_0"),
    ("Add", "scaled_0 shift_0", "y_0"),
    ("Mul", "normalised scale_1", "scaled_1"),
    ("Add", "shift_1 scaled_1", "y_1"),
)
"""Two normalisations that share the normalised values, as (operation, inputs, output)."""


def two_normalisations(*, axis: int, epsilon: float) -> onnx.ModelProto:
    style = [(f"{kind}_{number}", [1, CHANNELS, 1]) for number in (0, 1) for kind in ("scale", "shift")]
    shapes: list[tuple[str, list[int | str]]] = [("x", [1, CHANNELS, "time"]), *style]  # type: ignore[list-item]
    graph = helper.make_graph(
        [helper.make_node(operation, inputs.split(), [output]) for operation, inputs, output in NODES],
        "normalisations",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in shapes],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, CHANNELS, "time"])
            for name in ("y_0", "y_1")
        ],
        [
            onnx.numpy_helper.from_array(np.array([axis]), "axes"),
            onnx.numpy_helper.from_array(np.array(epsilon, np.float32), "epsilon"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def outputs(model: onnx.ModelProto, inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate(session.run(None, inputs))


@given(
    time=st.integers(2, 50),
    epsilon=st.sampled_from([1e-5, 1e-2]),
    axis=st.sampled_from([2, -1]),
    level=st.floats(-3, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_one_node_is_the_normalisation(time: int, epsilon: float, axis: int, level: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    inputs = {"x": (random.standard_normal((1, CHANNELS, time)) + level).astype(np.float32)}
    for name in ("scale_0", "shift_0", "scale_1", "shift_1"):
        inputs[name] = random.standard_normal((1, CHANNELS, 1), np.float32)
    model = two_normalisations(axis=axis, epsilon=epsilon)
    before = outputs(model, inputs)
    graph = Graph(model)
    assert rewrite_normalisations(graph) == 2
    graph.finish()
    assert {node.op_type for node in model.graph.node} == {"Reshape", "InstanceNormalization"}
    np.testing.assert_allclose(outputs(model, inputs), before, rtol=1e-3, atol=1e-4)


def test_a_normalisation_over_channels_is_left_alone() -> None:
    assert rewrite_normalisations(Graph(two_normalisations(axis=1, epsilon=1e-5))) == 0
