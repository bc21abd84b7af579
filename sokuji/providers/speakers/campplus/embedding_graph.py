"""The network of CAM++ as an ONNX graph, from the weights of its checkpoint.

Architecture: H. Wang et al., "CAM++: A fast and efficient network for speaker verification using
context-aware masking" (arXiv:2303.00332). A convolutional front end over time and frequency is followed by
a densely connected time-delay network; each of its layers is masked by what the voice is like on the whole
and within one second. Mean and standard deviation over time give the embedding. Batch normalisations are
scales and shifts here, those behind a convolution part of it.
"""

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.onnx_graph import GraphBuilder, Tensor
from sokuji.providers.speakers.campplus.checkpoint import Tensors

INPUT, OUTPUT = "features", "embedding"
BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each dense block."""
MASK_FRAMES = 100
"""Frames that share a local mask: two seconds, for the network works on every second frame."""
EPSILON = 1e-5

Array = NDArray[np.float32]


def embedding_model(weights: Tensors) -> bytes:
    """The model: ``features`` (batch, frames, 80) -> ``embedding`` (batch, 192), not normalised.

    Raises:
        KeyError: a weight is missing.
    """
    return _EmbeddingGraph(weights).build()


class _EmbeddingGraph:
    def __init__(self, weights: Tensors) -> None:
        self._weights = weights
        self._graph = GraphBuilder("campplus")

    def build(self) -> bytes:
        graph = self._graph
        frames = self._front_end()
        scale, shift = self._normalisation("xvector.tdnn.nonlinear.batchnorm")
        frames = self._convolution(
            frames, self._weights["xvector.tdnn.linear.weight"] * scale[:, None, None], shift, stride=2, pad=2
        )
        frames = graph.node("Relu", frames)
        for number, (layers, dilation) in enumerate(BLOCKS, start=1):
            for layer in range(1, layers + 1):
                frames = graph.node(
                    "Concat",
                    frames,
                    self._dense_layer(frames, f"xvector.block{number}.tdnnd{layer}", dilation),
                    axis=1,
                )
            frames = self._normalised(frames, f"xvector.transit{number}.nonlinear.batchnorm")
            frames = self._convolution(frames, self._weights[f"xvector.transit{number}.linear.weight"])
        embedding = self._embedding(self._normalised(frames, "xvector.out_nonlinear.batchnorm"))
        return graph.model(
            {INPUT: Tensor(("batch", "frames", 80))}, {OUTPUT: Tensor(("batch", 192), source=embedding)}
        )

    def _front_end(self) -> str:
        """(batch, 320, frames): a residual network that sees frequency and time as a picture."""
        graph = self._graph
        picture = graph.node("Unsqueeze", graph.node("Transpose", INPUT, perm=[0, 2, 1]), graph.integers(1))
        picture = graph.node("Relu", self._picture_convolution(picture, "head.conv1", "head.bn1"))
        for layer in (1, 2):
            for block, stride in ((0, 2), (1, 1)):
                picture = self._residual(picture, f"head.layer{layer}.{block}", stride)
        picture = graph.node("Relu", self._picture_convolution(picture, "head.conv2", "head.bn2", stride=2))
        return graph.node("Reshape", picture, graph.integers(0, 320, -1))

    def _residual(self, picture: str, name: str, stride: int) -> str:
        graph = self._graph
        inner = graph.node(
            "Relu", self._picture_convolution(picture, f"{name}.conv1", f"{name}.bn1", stride=stride)
        )
        inner = self._picture_convolution(inner, f"{name}.conv2", f"{name}.bn2")
        if stride > 1:
            picture = self._picture_convolution(
                picture, f"{name}.shortcut.0", f"{name}.shortcut.1", stride=stride, pad=0
            )
        return graph.node("Relu", graph.node("Add", inner, picture))

    def _dense_layer(self, frames: str, name: str, dilation: int) -> str:
        graph, weights = self._graph, self._weights
        scale, shift = self._normalisation(f"{name}.nonlinear2.batchnorm")
        hidden = self._normalised(frames, f"{name}.nonlinear1.batchnorm")
        hidden = self._convolution(hidden, weights[f"{name}.linear1.weight"] * scale[:, None, None], shift)
        hidden = graph.node("Relu", hidden)
        local = self._convolution(
            hidden, weights[f"{name}.cam_layer.linear_local.weight"], pad=dilation, dilation=dilation
        )
        mask = self._context(hidden)
        for linear, activation in (("linear1", "Relu"), ("linear2", "Sigmoid")):
            weight, bias = (weights[f"{name}.cam_layer.{linear}.{part}"] for part in ("weight", "bias"))
            mask = graph.node(activation, self._convolution(mask, weight, bias))
        return graph.node("Mul", local, mask)

    def _context(self, frames: str) -> str:
        """The mean over all frames plus that over the frames nearby, at the rate of the frames."""
        graph = self._graph
        nearby = graph.node(
            "AveragePool", frames, kernel_shape=[MASK_FRAMES], strides=[MASK_FRAMES], ceil_mode=1
        )
        context = graph.node("Add", graph.node("ReduceMean", frames, axes=[2]), nearby)
        repeated = graph.node("Unsqueeze", context, graph.integers(3))
        repeated = graph.node("Expand", repeated, graph.integers(1, 1, 1, MASK_FRAMES))
        repeated = graph.node("Reshape", repeated, graph.integers(0, 0, -1))
        length = graph.node("Gather", graph.node("Shape", frames), graph.integers(2))
        return graph.node("Slice", repeated, graph.integers(0), length, graph.integers(2))

    def _embedding(self, frames: str) -> str:
        graph = self._graph
        mean = graph.node("ReduceMean", frames, axes=[2], keepdims=1)
        squares = graph.node("ReduceSumSquare", graph.node("Sub", frames, mean), axes=[2], keepdims=1)
        length = graph.node("Gather", graph.node("Shape", frames), graph.integers(2))
        degrees = graph.node("Cast", graph.node("Sub", length, graph.integers(1)), to=1)
        deviation = graph.node("Sqrt", graph.node("Div", squares, degrees))
        statistics = graph.node("Concat", mean, deviation, axis=1)
        scale, shift = self._normalisation("xvector.dense.nonlinear.batchnorm")
        dense = self._convolution(
            statistics, self._weights["xvector.dense.linear.weight"] * scale[:, None, None], shift
        )
        return graph.node("Squeeze", dense, graph.integers(2))

    def _normalisation(self, name: str) -> tuple[Array, Array]:
        """Scale and shift of a batch normalisation; one without weights only standardises."""
        mean, variance = self._weights[f"{name}.running_mean"], self._weights[f"{name}.running_var"]
        scale = self._weights.get(f"{name}.weight", np.ones_like(mean)) / np.sqrt(variance + EPSILON)
        shift = self._weights.get(f"{name}.bias", np.zeros_like(mean)) - mean * scale
        return scale.astype(np.float32), shift.astype(np.float32)

    def _normalised(self, frames: str, name: str) -> str:
        graph = self._graph
        scale, shift = (graph.constant(part[None, :, None]) for part in self._normalisation(name))
        return graph.node("Relu", graph.node("Add", graph.node("Mul", frames, scale), shift))

    def _convolution(
        self,
        frames: str,
        weight: Array,
        bias: Array | None = None,
        *,
        stride: int = 1,
        pad: int = 0,
        dilation: int = 1,
    ) -> str:
        graph = self._graph
        inputs = [graph.constant(each) for each in (weight, bias) if each is not None]
        return graph.node("Conv", frames, *inputs, strides=[stride], pads=[pad, pad], dilations=[dilation])

    def _picture_convolution(
        self, picture: str, name: str, normalisation: str, *, stride: int = 1, pad: int = 1
    ) -> str:
        """A convolution and its normalisation; only frequencies are thinned out."""
        graph = self._graph
        scale, shift = self._normalisation(normalisation)
        weight = self._weights[f"{name}.weight"] * scale[:, None, None, None]
        return graph.node(
            "Conv",
            picture,
            graph.constant(weight),
            graph.constant(shift),
            strides=[stride, 1],
            pads=[pad] * 4,
        )
