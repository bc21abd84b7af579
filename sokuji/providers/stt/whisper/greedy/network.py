"""Whisper's decoder as two ONNX models: what it keeps of a window's encoder output, and its next tokens.

The weights have 8 bits, with a scale for each block of 128; what they are multiplied with is rounded to 8
bits in the same blocks (``MatMulNBits`` of ONNX Runtime), so that no row of a batch depends on another.
Unlike in CTranslate2 the weights are packed once, which makes a single token more than twice as fast.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from sokuji.errors import ModelMissing
from sokuji.providers.onnx_graph import RUNTIME_OPERATORS, GraphBuilder, Tensor
from sokuji.providers.stt.whisper.greedy.checkpoint import Checkpoint

ENCODED = "encoded"
EMBEDDED, MASK, ROWS, LOGITS = "embedded", "mask", "rows", "logits"
_BLOCK = 128
_EPSILON = 1e-5
_INT8_ACTIVATIONS = 4
"""``accuracy_level`` of ``MatMulNBits``."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Sizes of a decoder."""

    layers: int
    heads: int
    width: int

    @classmethod
    def of(cls, weights: Checkpoint) -> "Dimensions":
        """The sizes of a checkpoint's decoder.

        Raises:
            ModelMissing: its width cannot be divided into blocks, or it is not Whisper's.
        """
        layers = 0
        while f"decoder/layer_{layers}/ffn/linear_0/weight" in weights:
            layers += 1
        width = weights.floats("decoder/layer_norm/gamma").size
        if width % _BLOCK:
            raise ModelMissing(f"its decoder has a width of {width}, which is not a multiple of {_BLOCK}")
        return cls(layers, weights.number("decoder/num_heads"), width)

    @property
    def head_width(self) -> int:
        """Values of one head."""
        return self.width // self.heads

    def keys_and_values(self, kind: str) -> Iterator[str]:
        """Names of the keys and values of all layers."""
        for layer in range(self.layers):
            yield f"{kind}_key_{layer}"
            yield f"{kind}_value_{layer}"


def memory_model(weights: Checkpoint, sizes: Dimensions) -> bytes:
    """The model: ``encoded`` (batch, positions, width) -> ``memory_key_0``, ``memory_value_0``, ...
    (batch, heads, positions, width of a head), which the other model takes."""
    network = _Network("whisper-memory", weights, sizes)
    outputs = [
        network.heads(part)
        for layer in range(sizes.layers)
        for part in network.linear(f"decoder/layer_{layer}/attention/linear_1", ENCODED, parts=2)
    ]
    shape = ("batch", sizes.heads, "positions", sizes.head_width)
    named = zip(sizes.keys_and_values("memory"), outputs, strict=True)
    return network.graph.model(
        {ENCODED: Tensor(("batch", "positions", sizes.width))},
        {name: Tensor(shape, source=source) for name, source in named},
    )


def decoder_model(weights: Checkpoint, sizes: Dimensions) -> bytes:
    """The model that reads tokens and rates what may follow each.

    Its inputs are ``embedded`` tokens (batch, tokens, width), a ``mask`` that is added to the attention to
    past tokens and to these (batch, 1, tokens, past + tokens), the numbers of the ``rows`` (rows) among all
    tokens whose ``logits`` (rows, vocabulary) are wanted, and the keys and values of the memory and of the
    past. Its other outputs are the keys and values with those of these tokens, the next past.
    """
    network = _Network("whisper-decoder", weights, sizes)
    hidden, present = EMBEDDED, []
    for layer in range(sizes.layers):
        hidden, pair = network.layer(layer, hidden)
        present += pair
    flat = network.graph.node("Reshape", hidden, network.graph.integers(-1, sizes.width))
    chosen = network.normalised("decoder/layer_norm", network.graph.node("Gather", flat, ROWS))
    (logits,) = network.linear("decoder/projection", chosen)
    given = {
        EMBEDDED: Tensor(("batch", "tokens", sizes.width)),
        MASK: Tensor(("batch", 1, "tokens", "all")),
        ROWS: Tensor(("rows",), TensorProto.INT64),
    }
    for kind, positions in (("memory", "positions"), ("past", "before")):
        shape = ("batch", sizes.heads, positions, sizes.head_width)
        given |= {name: Tensor(shape) for name in sizes.keys_and_values(kind)}
    shape = ("batch", sizes.heads, "all", sizes.head_width)
    named = zip(sizes.keys_and_values("present"), present, strict=True)
    kept = {name: Tensor(shape, source=source) for name, source in named}
    return network.graph.model(given, {LOGITS: Tensor(("rows", "vocabulary"), source=logits), **kept})


class _Network:
    def __init__(self, name: str, weights: Checkpoint, sizes: Dimensions) -> None:
        self.graph = GraphBuilder(name)
        self._weights = weights
        self._sizes = sizes

    def layer(self, number: int, hidden: str) -> tuple[str, list[str]]:
        """The hidden state behind a layer, and the keys and values of its tokens and those before."""
        name = f"decoder/layer_{number}"
        query, key, value = self.linear(
            f"{name}/self_attention/linear_0",
            self.normalised(f"{name}/self_attention/layer_norm", hidden),
            parts=3,
        )
        past = (f"past_key_{number}", f"past_value_{number}")
        heard, *present = self._attention(query, key, value, "", "", MASK, *past, outputs=3)
        hidden = self._added(hidden, f"{name}/self_attention/linear_1", heard)
        (query,) = self.linear(
            f"{name}/attention/linear_0", self.normalised(f"{name}/attention/layer_norm", hidden)
        )
        memory = (f"memory_key_{number}", f"memory_value_{number}")
        heard = self._attention(query, *memory, outputs=1)[0]
        hidden = self._added(hidden, f"{name}/attention/linear_2", heard)
        (wide,) = self.linear(f"{name}/ffn/linear_0", self.normalised(f"{name}/ffn/layer_norm", hidden))
        active = self.graph.node("Gelu", wide, domain=RUNTIME_OPERATORS)
        return self._added(hidden, f"{name}/ffn/linear_1", active), present

    def _attention(self, *inputs: str, outputs: int) -> list[str]:
        return self.graph.nodes(
            "MultiHeadAttention",
            *inputs,
            outputs=outputs,
            domain=RUNTIME_OPERATORS,
            num_heads=self._sizes.heads,
        )

    def _added(self, hidden: str, name: str, update: str) -> str:
        return self.graph.node("Add", hidden, *self.linear(name, update))

    def normalised(self, name: str, hidden: str) -> str:
        """A layer normalisation."""
        parts = [self.graph.constant(self._weights.floats(f"{name}/{part}")) for part in ("gamma", "beta")]
        return self.graph.node("LayerNormalization", hidden, *parts, axis=-1, epsilon=_EPSILON)

    def linear(self, name: str, given: str, *, parts: int = 1) -> list[str]:
        """A product with a matrix of weights, cut into equal parts."""
        weight = self._weights.floats(f"{name}/weight")
        outputs, inputs = weight.shape
        quantised, scales = _quantised(weight)
        bias = f"{name}/bias"
        biases = ("", "", self.graph.constant(self._weights.floats(bias))) if bias in self._weights else ()
        product = self.graph.node(
            "MatMulNBits",
            given,
            self.graph.constant(quantised),
            self.graph.constant(scales),
            *biases,
            domain=RUNTIME_OPERATORS,
            K=inputs,
            N=outputs,
            bits=8,
            block_size=_BLOCK,
            accuracy_level=_INT8_ACTIVATIONS,
        )
        if parts == 1:
            return [product]
        sizes = self.graph.integers(*[outputs // parts] * parts)
        return self.graph.nodes("Split", product, sizes, outputs=parts, axis=-1)

    def heads(self, given: str) -> str:
        """(batch, positions, width) as (batch, heads, positions, width of a head)."""
        shape = self.graph.integers(0, 0, self._sizes.heads, self._sizes.head_width)
        return self.graph.node("Transpose", self.graph.node("Reshape", given, shape), perm=[0, 2, 1, 3])


def _quantised(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """``weight`` (outputs, inputs) in 8 bits around 128 (outputs, blocks, block), and the scale of each
    block."""
    blocks = weight.reshape(len(weight), -1, _BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=-1) / 127, np.finfo(np.float32).tiny)
    quantised = np.rint(blocks / scales[..., None]) + 128
    return quantised.astype(np.uint8), scales.ravel()
