"""Convolutions rewritten as matrix products compute what the quantised convolutions did."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from sokuji.providers.onnx_rewriting import Graph
from sokuji.providers.tts.kokoro.convolutions import rewrite_convolutions, signed_products_are_exact

pytestmark = pytest.mark.models

CHANNELS = (5, 8)
"""Of the input and of the output."""


def quantised(weights: NDArray[np.float32], bias: NDArray[np.float32] | None, **attributes: Any) -> bytes:
    """A model of one convolution, quantised as Kokoro's is."""
    constants = {"weights": weights} | ({} if bias is None else {"bias": bias})
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", *constants], ["y"], name="conv", **attributes)],
        "convolution",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, weights.shape[1], "time"])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, weights.shape[0], None])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
    )
    with TemporaryDirectory() as folder:
        written = Path(folder) / "quantised.onnx"
        quantize_dynamic(model, written, op_types_to_quantize=["Conv"], weight_type=QuantType.QUInt8)
        return written.read_bytes()


def rewritten(model: bytes, *, signed: bool) -> bytes:
    loaded = onnx.load_from_string(model)
    graph = Graph(loaded)
    assert rewrite_convolutions(graph, signed=signed) == 1
    graph.finish()
    assert "ConvInteger" not in {node.op_type for node in loaded.graph.node}
    return bytes(loaded.SerializeToString())


def output(model: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    result: NDArray[np.float32] = session.run(None, {"x": x})[0]
    return result


@given(
    taps=st.integers(1, 5),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    pads=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    with_bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("signed", [False, True])
def test_the_product_is_the_convolution(
    *, signed: bool, taps: int, stride: int, dilation: int, pads: tuple[int, int], with_bias: bool, seed: int
) -> None:
    if signed and not signed_products_are_exact():
        pytest.skip("products of signed bytes overflow here, and are not used")
    random = np.random.default_rng(seed)
    weights = random.standard_normal((CHANNELS[1], CHANNELS[0], taps), np.float32)
    bias = random.standard_normal(CHANNELS[1], np.float32) if with_bias else None
    model = quantised(weights, bias, strides=[stride], dilations=[dilation], pads=list(pads))
    x = random.standard_normal((1, CHANNELS[0], 20), np.float32)
    # The old model rounds its bias down to a whole step of the product.
    step = np.ptp(x) / 255 * np.ptp(weights) / 255 if with_bias else 0.0
    assert np.abs(output(rewritten(model, signed=signed), x) - output(model, x)).max() <= step * 1.5 + 1e-5


def test_signed_weights_are_not_used_where_their_products_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overflowing:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def run(self, _: None, inputs: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.int32]]:
            return [np.full((len(inputs["rows"]), 16), 32 * 32_767, np.int32)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Overflowing)
    assert not signed_products_are_exact()


def test_a_convolution_that_is_built_otherwise_is_left_alone() -> None:
    model = onnx.load_from_string(quantised(np.ones((2, 2, 1), np.float32), None))
    for node in model.graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            model.graph.output.append(
                helper.make_tensor_value_info(node.output[1], onnx.TensorProto.FLOAT, [])
            )
        elif node.op_type == "Cast":
            node.op_type = "Identity"
    graph = Graph(model)
    assert rewrite_convolutions(graph, signed=False) == 0
