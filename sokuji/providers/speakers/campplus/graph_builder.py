"""Builds an ONNX graph node by node: every call adds a node and returns the name of its output."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

OPSET = 17
IR_VERSION = 9
"""Of this operator set; newer ones are refused by runtimes that take the operators."""


class GraphBuilder:
    """A graph with one input and one output of 32-bit floats."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        """A constant tensor."""
        name = f"constant{len(self._constants)}"
        self._constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        """A constant list of integers, such as axes or a shape."""
        return self.constant(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The first output of an operator."""
        name = f"{operator}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def model(self, given: tuple[str, list[str | int]], wanted: tuple[str, list[str | int]]) -> bytes:
        """The serialised model.

        Args:
            given, wanted: name and shape of the input and of the output; a size that is a name may vary.
        """
        graph = helper.make_graph(
            [*self._nodes, helper.make_node("Identity", [self._nodes[-1].output[0]], [wanted[0]])],
            self._name,
            [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
            [helper.make_tensor_value_info(wanted[0], TensorProto.FLOAT, wanted[1])],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        return bytes(model.SerializeToString())
