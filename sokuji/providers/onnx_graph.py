"""Builds an ONNX graph node by node: every call adds a node and returns the names of its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

OPSET = 17
IR_VERSION = 9
"""Of this operator set; newer ones are refused by runtimes that take the operators."""
RUNTIME_OPERATORS = "com.microsoft"
"""Domain of the operators that only ONNX Runtime has ("Contrib Operators" in its repository)."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or an output of a model."""

    shape: tuple[str | int, ...]
    """A size that is a name may vary."""
    element: TensorProto.DataType = TensorProto.FLOAT
    source: str = ""
    """Of an output: what the graph calls it."""


class GraphBuilder:
    """A graph under construction."""

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
        """The first output of an operator; an optional input that is left out is an empty name."""
        return self.nodes(operator, *inputs, outputs=1, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """The first ``outputs`` outputs of an operator."""
        name = f"{operator}{len(self._nodes)}"
        names = [name, *(f"{name}.{number}" for number in range(1, outputs))]
        self._nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def model(self, given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> bytes:
        """The serialised model.

        Args:
            given, wanted: the inputs and the outputs, by name.
        """
        ends = [helper.make_node("Identity", [tensor.source], [name]) for name, tensor in wanted.items()]
        graph = helper.make_graph(
            [*self._nodes, *ends], self._name, _values(given), _values(wanted), self._constants
        )
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME_OPERATORS, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())


def _values(tensors: Mapping[str, Tensor]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, tensor.element, tensor.shape) for name, tensor in tensors.items()
    ]
