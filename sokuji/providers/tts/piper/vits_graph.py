"""Where the graph of a Piper voice is cut: into text encoder, flow and decoder.

Names of tensors differ between exports, so the places are found by what every VITS model has: two draws of
random numbers, the first for the rhythm, the second for the frames; and the first upsampling of its decoder.
"""

from collections.abc import Collection
from typing import NamedTuple

import onnx
import onnx.utils


class Uncuttable(ValueError):
    """The graph is not built like the Piper voices known here."""


class DividedGraph(NamedTuple):
    """The three models, and the names of the tensors that matter."""

    models: tuple[bytes, bytes, bytes]
    """Models of text, flow and decoder."""
    rhythm: str
    """Random input of the text's part, shape (1, 2, ids)."""
    noise: str
    """Random input of the flow's part, shaped as ``like``, which the text's part makes."""
    like: str
    latent: str
    """The decoder's input, shape (1, channels, frames)."""
    speaker: str | None


def cut_voice(model: onnx.ModelProto) -> DividedGraph:
    """Cut a VITS model behind what fixes the number of frames, and before the decoder.

    Raises:
        Uncuttable: it is built in another way.
        KeyError: its file does not say of what type the tensors between the parts are.
    """
    graph = _Graph(model)
    draws = [node for node in model.graph.node if node.op_type == "RandomNormalLike"]
    if len(draws) != 2:
        raise Uncuttable(f"it draws random numbers in {len(draws)} places")
    rhythm, noise = draws
    latent = graph.decoder_input()
    inputs = [each.name for each in model.graph.input]
    output = model.graph.output[0].name
    text = graph.before(noise.input)
    flow = graph.before([latent]) - text
    decoder = graph.before([output]) - text - flow
    made = graph.outputs(text) | set(inputs)
    for_flow = (graph.inputs(flow) & made) | {noise.output[0]}
    for_decoder = (graph.inputs(decoder) & (made | graph.outputs(flow))) | {latent}
    between = (for_flow | for_decoder) & graph.outputs(text) | {noise.input[0]}
    return DividedGraph(
        models=(
            graph.part([*(graph.inputs(text) & set(inputs)), rhythm.output[0]], between),
            graph.part(for_flow, for_decoder & graph.outputs(flow)),
            graph.part(for_decoder, [output]),
        ),
        rhythm=rhythm.output[0],
        noise=noise.output[0],
        like=noise.input[0],
        latent=latent,
        speaker="sid" if "sid" in inputs else None,
    )


class _Graph:
    """Questions to the graph of a model; nodes are told apart by their number."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._nodes = model.graph.node
        self._maker = {name: number for number, node in enumerate(self._nodes) for name in node.output}
        self._extractor = onnx.utils.Extractor(model)

    def before(self, names: Collection[str]) -> set[int]:
        """All nodes that the tensors ``names`` are made by."""
        found: set[int] = set()
        waiting = list(names)
        while waiting:
            number = self._maker.get(waiting.pop())
            if number is not None and number not in found:
                found.add(number)
                waiting += self._nodes[number].input
        return found

    def inputs(self, numbers: Collection[int]) -> set[str]:
        """All tensors that nodes take."""
        return {name for number in numbers for name in self._nodes[number].input}

    def outputs(self, numbers: Collection[int]) -> set[str]:
        """All tensors that nodes make."""
        return {name for number in numbers for name in self._nodes[number].output}

    def decoder_input(self) -> str:
        """What the convolution before the first upsampling takes."""
        name = next((node.input[0] for node in self._nodes if node.op_type == "ConvTranspose"), "")
        while name in self._maker:
            node = self._nodes[self._maker[name]]
            name = node.input[0]
            if node.op_type == "Conv":
                return str(name)
        raise Uncuttable("it has no HiFi-GAN decoder")

    def part(self, inputs: Collection[str], outputs: Collection[str]) -> bytes:
        """A model of what lies between tensors."""
        model = self._extractor.extract_model(sorted(inputs), sorted(outputs))
        return bytes(model.SerializeToString())
