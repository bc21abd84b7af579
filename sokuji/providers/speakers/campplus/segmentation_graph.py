"""pyannote's segmentation model as an ONNX graph, from the weights of its checkpoint.

Architecture: A. Plaquet and H. Bredin, "Powerset multi-class cross entropy loss for neural speaker
diarization" (arXiv:2310.13025), on M. Ravanelli and Y. Bengio's SincNet (arXiv:1808.00158): band-pass
filters whose edges were learned, convolutions, four bidirectional LSTMs. For each frame it says who of up
to three speakers speaks, and who of them at the same time. The filters are computed here once, from their
edges.
"""

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.onnx_graph import GraphBuilder, Tensor
from sokuji.providers.speakers.campplus.checkpoint import Tensors

INPUT, OUTPUT = "samples", "scores"
CLASSES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The speakers of each class of the output."""
FRAME_SAMPLES, FRAME_STEP = 991, 270
"""Samples that a frame of the output covers, and between two frames."""
LOWEST_HZ, NARROWEST_HZ = 50.0, 50.0
"""Of the lower edge of a filter, and of its width."""
RATE = 16_000
LSTM_LAYERS, LSTM_SIZE = 4, 128
SLOPE = 0.01
"""Of the activation below 0."""
EPSILON = 1e-5

Array = NDArray[np.float32]


def segmentation_model(weights: Tensors) -> bytes:
    """The model: ``samples`` (batch, 1, samples) at 16 kHz -> ``scores`` (batch, frames, 7), before softmax.

    Raises:
        KeyError: a weight is missing.
    """
    graph = GraphBuilder("pyannote-segmentation")
    frames = _sinc_net(graph, weights)
    frames = _lstm(graph, weights, frames)
    for number in (0, 1):
        frames = graph.node("LeakyRelu", _linear(graph, weights, frames, f"linear.{number}"), alpha=SLOPE)
    scores = _linear(graph, weights, frames, "classifier")
    return graph.model(
        {INPUT: Tensor(("batch", 1, "samples"))},
        {OUTPUT: Tensor(("batch", "frames", len(CLASSES)), source=scores)},
    )


def _sinc_net(graph: GraphBuilder, weights: Tensors) -> str:
    """(batch, 60, frames)."""
    filters = graph.constant(band_passes(weights))
    signal = _instance_normalised(graph, weights, INPUT, "sincnet.wav_norm1d")
    signal = graph.node("Abs", graph.node("Conv", signal, filters, strides=[10]))
    for number in range(3):
        if number:
            parts = (weights[f"sincnet.conv1d.{number}.{part}"] for part in ("weight", "bias"))
            signal = graph.node("Conv", signal, *(graph.constant(part) for part in parts))
        signal = graph.node("MaxPool", signal, kernel_shape=[3], strides=[3])
        signal = _instance_normalised(graph, weights, signal, f"sincnet.norm1d.{number}")
        signal = graph.node("LeakyRelu", signal, alpha=SLOPE)
    return signal


def band_passes(weights: Tensors) -> Array:
    """The filters, (80, 1, 251): forty even ones (cosine phase), then forty odd ones, by their edges in
    Hz."""
    name = "sincnet.conv1d.0.filterbank"
    low = LOWEST_HZ + np.abs(weights[f"{name}.low_hz_"])
    high = np.clip(low + NARROWEST_HZ + np.abs(weights[f"{name}.band_hz_"]), LOWEST_HZ, RATE / 2)
    radians, window = weights[f"{name}.n_"], weights[f"{name}.window_"]
    even = (np.sin(high * radians) - np.sin(low * radians)) / (radians / 2) * window
    odd = (np.cos(low * radians) - np.cos(high * radians)) / (radians / 2) * window
    width = 2 * (high - low)
    even = np.concatenate([even, width, even[:, ::-1]], axis=1) / width
    odd = np.concatenate([odd, np.zeros_like(width), -odd[:, ::-1]], axis=1) / width
    return np.concatenate([even, odd])[:, None].astype(np.float32)


def _instance_normalised(graph: GraphBuilder, weights: Tensors, signal: str, name: str) -> str:
    parts = (graph.constant(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.node("InstanceNormalization", signal, *parts, epsilon=EPSILON)


def _lstm(graph: GraphBuilder, weights: Tensors, frames: str) -> str:
    """(batch, frames, 256) of (batch, 60, frames)."""
    frames = graph.node("Transpose", frames, perm=[2, 0, 1])
    for layer in range(LSTM_LAYERS):
        both = [_direction(weights, f"l{layer}{end}") for end in ("", "_reverse")]
        stacked = (graph.constant(np.stack(parts)) for parts in zip(*both, strict=True))
        frames = graph.node("LSTM", frames, *stacked, direction="bidirectional", hidden_size=LSTM_SIZE)
        # (frames, direction, batch, size) -> (frames, batch, both directions)
        frames = graph.node("Transpose", frames, perm=[0, 2, 1, 3])
        frames = graph.node("Reshape", frames, graph.integers(0, 0, 2 * LSTM_SIZE))
    return graph.node("Transpose", frames, perm=[1, 0, 2])


def _direction(weights: Tensors, name: str) -> tuple[Array, Array, Array]:
    """Weights of the input and of the state, and biases, with the gates in the order of ONNX."""

    def gates(part: str) -> Array:
        entry, forget, cell, out = np.split(weights[f"lstm.{part}_{name}"], 4)
        return np.concatenate([entry, out, forget, cell])

    return gates("weight_ih"), gates("weight_hh"), np.concatenate([gates("bias_ih"), gates("bias_hh")])


def _linear(graph: GraphBuilder, weights: Tensors, frames: str, name: str) -> str:
    product = graph.node("MatMul", frames, graph.constant(weights[f"{name}.weight"].T))
    return graph.node("Add", product, graph.constant(weights[f"{name}.bias"]))
