"""A graph whose nodes are replaced: lookups by tensor, and new nodes in the place of old ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray


class Graph:
    """The graph of ``model``, which ``finish`` changes.

    Until then, lookups see the graph as it was, so that several replacements do not disturb one another.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self.nodes: Sequence[onnx.NodeProto] = tuple(model.graph.node)
        self._producers = {name: node for node in self.nodes for name in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._constants = {each.name: each for each in model.graph.initializer}
        self._replacements: dict[str, list[onnx.NodeProto]] = {}
        """First output of an old node -> the nodes in its place."""

    def producer(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """The node that computes a tensor, if it is an ``op_type``."""
        node = self._producers.get(name)
        return node if node is not None and node.op_type == op_type else None

    def readers(self, name: str, op_type: str) -> list[onnx.NodeProto]:
        """The nodes that take a tensor as an input and are an ``op_type``."""
        return [node for node in self._readers.get(name, ()) if node.op_type == op_type]

    def only_reader(self, name: str) -> onnx.NodeProto | None:
        """The node that takes a tensor as an input, if there is exactly one."""
        readers = self._readers.get(name, [])
        return readers[0] if len(readers) == 1 else None

    def constant(self, name: str) -> NDArray[Any] | None:
        """The value of a constant tensor; None: it is computed."""
        tensor = self._constants.get(name)
        return None if tensor is None else onnx.numpy_helper.to_array(tensor)

    def add_constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant of the new graph; one that is there already stays as it is. Returns ``name``."""
        if name not in self._constants:
            self._constants[name] = onnx.numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def replace(self, node: onnx.NodeProto, new: Sequence[onnx.NodeProto]) -> None:
        """Put ``new`` in the place of ``node``; together they compute at least its outputs that are read."""
        self._replacements[node.output[0]] = list(new)

    def finish(self) -> None:
        """Change the model: replace the nodes, and remove nodes and constants that nothing reads."""
        nodes = [new for node in self.nodes for new in self._replacements.get(node.output[0], [node])]
        read = {each.name for each in self._graph.output}
        kept: list[onnx.NodeProto] = []
        for node in reversed(nodes):
            if not read.isdisjoint(node.output):
                read.update(node.input)
                kept.append(node)
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(reversed(kept))
        self._graph.initializer.extend(each for name, each in self._constants.items() if name in read)


def other_input(node: onnx.NodeProto, name: str) -> str:
    """The input of a node with two inputs that is not ``name``."""
    first, second = node.input
    return str(second if first == name else first)
