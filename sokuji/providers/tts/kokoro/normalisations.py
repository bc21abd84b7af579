"""Rewrites the normalisations of Kokoro's graph, eight nodes each, as one node.

What is rewritten is adaptive instance normalisation (Huang and Belongie, "Arbitrary Style Transfer in
Real-time with Adaptive Instance Normalization", 2017): each channel gets the mean and the deviation that the
voice's style gives it. Several may share the normalised values; each becomes a node of its own, which reads
its input three times, where the eight nodes read and write it twice as often.
"""

import numpy as np
import onnx
from onnx import helper

from sokuji.providers.onnx_rewriting import Graph, other_input


def rewrite_normalisations(graph: Graph) -> int:
    """Replace all adaptive instance normalisations over time; returns how many were."""
    count = 0
    for node in graph.nodes:
        if node.op_type != "Div" or (found := _input_and_epsilon(graph, node)) is None:
            continue
        source, epsilon = found
        normalised = node.output[0]
        for scaled in graph.readers(normalised, "Mul"):
            shifted = graph.only_reader(scaled.output[0])
            if shifted is not None and shifted.op_type == "Add":
                scale = other_input(scaled, normalised)
                shift = other_input(shifted, scaled.output[0])
                graph.replace(shifted, _as_one_node(graph, shifted, source, scale, shift, epsilon))
                count += 1
    return count


def _input_and_epsilon(graph: Graph, division: onnx.NodeProto) -> tuple[str, float] | None:
    """The input of a normalisation that ends with ``division``, and what it adds to the variance."""
    centred = graph.producer(division.input[0], "Sub")
    deviation = graph.producer(division.input[1], "Sqrt")
    if centred is None or deviation is None:
        return None
    sum_ = graph.producer(deviation.input[0], "Add")
    mean = graph.producer(centred.input[1], "ReduceMean")
    if sum_ is None or mean is None or mean.input[0] != centred.input[0]:
        return None
    axes, epsilon = graph.constant(mean.input[1]), graph.constant(sum_.input[1])
    if axes is None or epsilon is None or axes.tolist() not in ([2], [-1]):
        return None
    return str(centred.input[0]), float(epsilon)


def _as_one_node(
    graph: Graph, end: onnx.NodeProto, source: str, scale: str, shift: str, epsilon: float
) -> list[onnx.NodeProto]:
    name, flat = end.output[0], graph.add_constant("flat", np.array([-1]))
    return [
        helper.make_node("Reshape", [scale, flat], [f"{name}/scale"]),
        helper.make_node("Reshape", [shift, flat], [f"{name}/shift"]),
        helper.make_node(
            "InstanceNormalization",
            [source, f"{name}/scale", f"{name}/shift"],
            [name],
            epsilon=epsilon,
        ),
    ]
