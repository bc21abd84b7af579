"""Rewrites the 8-bit convolutions of Kokoro's graph as matrix products, which run two to three times as fast.

The runtime computes a ``ConvInteger`` with a general kernel that packs its operands anew each time; its bias,
conversion and scale are passes of their own. A ``MatMulIntegerToFloat`` has its weights packed once, uses the
processor's 8-bit dot products if weights are signed, and does the rest in the same pass. Its integers are
exactly those of the convolution; only the bias is no longer rounded to a multiple of the quantisation step.

A convolution along time is a product of the weights with windows of the input: row t of the left matrix holds
the input of output t, for one tap of the kernel after another.
"""

from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper

from sokuji.providers.onnx_rewriting import Graph, other_input


class _Convolution(NamedTuple):
    """A ``ConvInteger`` with the nodes around it."""

    node: onnx.NodeProto
    quantiser: onnx.NodeProto
    """The ``DynamicQuantizeLinear`` of its input."""
    weights: NDArray[np.uint8]
    """Shape (output channels, input channels, taps)."""
    zero_point: NDArray[np.uint8]
    """Of the weights, a scalar."""
    scale: str
    """Of the weights."""
    bias: str | None
    """In floats, shape (output channels,)."""
    end: onnx.NodeProto
    """The node that makes the result, in floats."""

    def attribute(self, name: str) -> list[int]:
        """The values of an attribute along time."""
        (value,) = (each for each in self.node.attribute if each.name == name)
        return list(value.ints)


def rewrite_convolutions(graph: Graph, *, signed: bool) -> int:
    """Replace all convolutions that are quantised dynamically; returns how many were.

    Args:
        graph: gets the new nodes.
        signed: whether to make the weights signed, see ``signed_products_are_exact``.
    """
    count = 0
    for node in graph.nodes:
        if node.op_type == "ConvInteger" and (convolution := _recognise(graph, node)) is not None:
            graph.replace(convolution.end, _as_product(graph, convolution, signed=signed))
            count += 1
    return count


def signed_products_are_exact() -> bool:
    """Whether this processor multiplies unsigned by signed bytes exactly.

    Those of x86 without VNNI add pairs of products in 16 bits, which overflow.
    """
    rows = np.full((1, 64), 255, np.uint8)
    columns = np.full((64, 16), 127, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["rows", "columns"], ["product"])],
        "product",
        [helper.make_tensor_value_info("rows", onnx.TensorProto.UINT8, [1, 64])],
        [helper.make_tensor_value_info("product", onnx.TensorProto.INT32, [1, 16])],
        [onnx.numpy_helper.from_array(columns, "columns")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return bool((session.run(None, {"rows": rows})[0] == 64 * 255 * 127).all())


def _recognise(graph: Graph, node: onnx.NodeProto) -> _Convolution | None:
    """The convolution at ``node``; None: it is built in another way."""
    quantised, weights_name, _, zero_point_name = node.input
    quantiser = graph.producer(quantised, "DynamicQuantizeLinear")
    weights, zero_point = graph.constant(weights_name), graph.constant(zero_point_name)
    if quantiser is None or weights is None or zero_point is None or weights.dtype != np.uint8:
        return None
    bias, result = None, node.output[0]
    if (follower := graph.only_reader(result)) is not None and follower.op_type == "Add":
        if (bias := _bias_in_floats(graph, other_input(follower, result))) is None:
            return None
        result = follower.output[0]
    cast = graph.only_reader(result)
    if cast is None or cast.op_type != "Cast" or (end := graph.only_reader(cast.output[0])) is None:
        return None
    scales = graph.producer(other_input(end, cast.output[0]), "Mul")
    if scales is None:
        return None
    scale = other_input(scales, quantiser.output[1])
    return _Convolution(node, quantiser, weights, zero_point, scale, bias, end)


def _bias_in_floats(graph: Graph, name: str) -> str | None:
    """The bias from which the runtime computes the quantised bias ``name``."""
    for op_type in ("Reshape", "Cast", "Floor"):
        if (node := graph.producer(name, op_type)) is None:
            return None
        name = node.input[0]
    division = graph.producer(name, "Div")
    return None if division is None else str(division.input[0])


def _as_product(graph: Graph, convolution: _Convolution, *, signed: bool) -> list[onnx.NodeProto]:
    name = convolution.node.name
    outputs, inputs, taps = convolution.weights.shape
    matrix = convolution.weights.transpose(2, 1, 0).reshape(taps * inputs, outputs)
    zero_point = convolution.zero_point
    if signed:
        # Both are shifted, so that their difference, which is what counts, stays the same.
        matrix, zero_point = (matrix ^ 0x80).view(np.int8), (zero_point ^ 0x80).astype(np.uint8).view(np.int8)
    windows, nodes = _windows(graph, convolution)
    _, scale, input_zero_point = convolution.quantiser.output
    product = helper.make_node(
        "MatMulIntegerToFloat",
        [
            windows,
            graph.add_constant(f"{name}/matrix", matrix),
            scale,
            convolution.scale,
            input_zero_point,
            graph.add_constant(f"{name}/zero_point", zero_point),
            *([] if convolution.bias is None else [convolution.bias]),
        ],
        [f"{name}/product"],
        domain="com.microsoft",
    )
    back = helper.make_node("Transpose", [f"{name}/product"], convolution.end.output[:1], perm=[0, 2, 1])
    return [*nodes, product, back]


def _windows(graph: Graph, convolution: _Convolution) -> tuple[str, list[onnx.NodeProto]]:
    """The windows of the quantised input, shape (1, outputs in time, taps * channels), and their nodes."""
    name, zero_point = convolution.node.name, convolution.quantiser.output[2]
    _, inputs, taps = convolution.weights.shape
    (stride,), (dilation,) = convolution.attribute("strides"), convolution.attribute("dilations")
    before, after = convolution.attribute("pads")
    series = f"{name}/series"
    nodes = [helper.make_node("Transpose", [convolution.node.input[0]], [series], perm=[0, 2, 1])]
    if before or after:
        pads = graph.add_constant(f"pads_{before}_{after}", np.array([0, before, 0, 0, after, 0]))
        nodes.append(helper.make_node("Pad", [series, pads, zero_point], [f"{name}/padded"]))
        series = f"{name}/padded"
    if taps == stride == 1:
        return series, nodes
    span = graph.add_constant(f"span_{(taps - 1) * dilation}", np.array((taps - 1) * dilation))
    offsets = graph.add_constant(f"offsets_{taps}_{dilation}", dilation * np.arange(taps)[np.newaxis])
    shape = graph.add_constant(f"windows_{taps * inputs}", np.array([1, -1, taps * inputs]))
    zero, step, axis = (graph.add_constant(f"number_{each}", np.array(each)) for each in (0, stride, 1))
    nodes += [
        helper.make_node("Shape", [series], [f"{name}/shape"]),
        helper.make_node("Gather", [f"{name}/shape", axis], [f"{name}/length"]),
        helper.make_node("Sub", [f"{name}/length", span], [f"{name}/end"]),
        helper.make_node("Range", [zero, f"{name}/end", step], [f"{name}/starts"]),
        helper.make_node("Unsqueeze", [f"{name}/starts", axis], [f"{name}/column"]),
        helper.make_node("Add", [f"{name}/column", offsets], [f"{name}/indices"]),
        helper.make_node("Gather", [series, f"{name}/indices"], [f"{name}/gathered"], axis=1),
        helper.make_node("Reshape", [f"{name}/gathered", shape], [f"{name}/windows"]),
    ]
    return f"{name}/windows", nodes
