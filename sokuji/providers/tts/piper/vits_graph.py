"""Divides the graph of a Piper voice into text encoder, flow and decoder.

Tensor names differ between exports, so the places to divide are found by what every VITS model has: two draws
of random numbers, the first for the rhythm and the second for the frames, and the first upsampling of its
decoder.
"""

from collections.abc import Collection
from typing import NamedTuple

import onnx
import onnx.utils


class UnsupportedGraph(ValueError):
    """The graph is not built like those of known Piper voices."""


class DividedGraph(NamedTuple):
    """The three models, and the names of the tensors between them."""

    models: tuple[bytes, bytes, bytes]
    """Text encoder, flow and decoder."""
    rhythm: str
    """Random input of the text encoder, shape (1, 2, ids)."""
    noise: str
    """Random input of the flow, with the shape of ``like``."""
    like: str
    """An output of the text encoder."""
    latent: str
    """The decoder's input, shape (1, channels, frames)."""
    speaker: str | None
    """Input with the number of the speaker; None for a voice with one speaker."""


def divide_graph(model: onnx.ModelProto) -> DividedGraph:
    """Divide a VITS model behind the node that determines the number of frames, and before the decoder.

    Raises:
        UnsupportedGraph: it is built in another way.
        KeyError: the file does not contain the types of the tensors between the parts.
    """
    graph = _GraphAnalysis(model)
    draws = [node for node in model.graph.node if node.op_type == "RandomNormalLike"]
    if len(draws) != 2:
        raise UnsupportedGraph(f"it draws random numbers in {len(draws)} places")
    rhythm, noise = draws
    latent = graph.decoder_input()
    inputs = [each.name for each in model.graph.input]
    output = model.graph.output[0].name
    text = graph.ancestors(noise.input)
    flow = graph.ancestors([latent]) - text
    decoder = graph.ancestors([output]) - text - flow
    available = graph.outputs(text) | set(inputs)
    flow_inputs = (graph.inputs(flow) & available) | {noise.output[0]}
    decoder_inputs = (graph.inputs(decoder) & (available | graph.outputs(flow))) | {latent}
    between = (flow_inputs | decoder_inputs) & graph.outputs(text) | {noise.input[0]}
    return DividedGraph(
        models=(
            graph.extract([*(graph.inputs(text) & set(inputs)), rhythm.output[0]], between),
            graph.extract(flow_inputs, decoder_inputs & graph.outputs(flow)),
            graph.extract(decoder_inputs, [output]),
        ),
        rhythm=rhythm.output[0],
        noise=noise.output[0],
        like=noise.input[0],
        latent=latent,
        speaker="sid" if "sid" in inputs else None,
    )


class _GraphAnalysis:
    """The graph of a model; nodes are identified by their index."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._nodes = model.graph.node
        self._producer = {name: number for number, node in enumerate(self._nodes) for name in node.output}
        self._extractor = onnx.utils.Extractor(model)

    def ancestors(self, names: Collection[str]) -> set[int]:
        """All nodes on which the tensors ``names`` depend."""
        ancestors: set[int] = set()
        waiting = list(names)
        while waiting:
            number = self._producer.get(waiting.pop())
            if number is not None and number not in ancestors:
                ancestors.add(number)
                waiting += self._nodes[number].input
        return ancestors

    def inputs(self, numbers: Collection[int]) -> set[str]:
        """All input tensors of nodes."""
        return {name for number in numbers for name in self._nodes[number].input}

    def outputs(self, numbers: Collection[int]) -> set[str]:
        """All output tensors of nodes."""
        return {name for number in numbers for name in self._nodes[number].output}

    def decoder_input(self) -> str:
        """The input of the convolution before the first upsampling."""
        name = next((node.input[0] for node in self._nodes if node.op_type == "ConvTranspose"), "")
        while name in self._producer:
            node = self._nodes[self._producer[name]]
            name = node.input[0]
            if node.op_type == "Conv":
                return str(name)
        raise UnsupportedGraph("it has no HiFi-GAN decoder")

    def extract(self, inputs: Collection[str], outputs: Collection[str]) -> bytes:
        """A serialised model of the nodes between ``inputs`` and ``outputs``."""
        model = self._extractor.extract_model(sorted(inputs), sorted(outputs))
        return bytes(model.SerializeToString())
