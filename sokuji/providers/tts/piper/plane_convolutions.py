"""Rewrites convolutions along time as convolutions over planes of height one, which run faster on a CPU.

ONNX Runtime has kernels that keep channels in blocks as wide as the processor's vectors (NCHWc), for two
dimensions only. Along one dimension it computes the product of the weights with a copy of the input for each
tap. The sums are the same, in another order.
"""

import numpy as np
import onnx
from onnx import helper

from sokuji.providers.onnx_rewriting import Graph

_ALONG_TIME = ("kernel_shape", "strides", "dilations")
"""Attributes with one number for each axis."""


def rewrite_convolutions(model: onnx.ModelProto) -> int:
    """Replace all convolutions along time whose weights are constant; returns how many there were."""
    graph = Graph(model)
    axis = graph.add_constant("axis_of_height", np.array([2]))
    count = 0
    for node in graph.nodes:
        if node.op_type == "Conv" and (nodes := _over_planes(graph, node, axis)):
            graph.replace(node, nodes)
            count += 1
    graph.finish()
    return count


def _over_planes(graph: Graph, node: onnx.NodeProto, axis: str) -> list[onnx.NodeProto]:
    """What replaces a convolution; empty: it is not along time, or its weights are computed."""
    series, weights_name, *bias = node.input
    weights = graph.constant(weights_name)
    if weights is None or weights.ndim != 3:
        return []
    result = node.output[0]
    plane, convolved = f"{result}/plane", f"{result}/convolved"
    planes_weights = graph.add_constant(f"{weights_name}/planes", weights[:, :, np.newaxis])
    convolution = helper.make_node("Conv", [plane, planes_weights, *bias], [convolved])
    convolution.attribute.extend(_with_height(attribute) for attribute in node.attribute)
    return [
        helper.make_node("Unsqueeze", [series, axis], [plane]),
        convolution,
        helper.make_node("Squeeze", [convolved, axis], [result]),
    ]


def _with_height(attribute: onnx.AttributeProto) -> onnx.AttributeProto:
    if attribute.name in _ALONG_TIME:
        return helper.make_attribute(attribute.name, [1, *attribute.ints])
    if attribute.name == "pads":
        before, behind = attribute.ints
        return helper.make_attribute("pads", [0, before, 0, behind])
    return attribute
