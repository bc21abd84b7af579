"""The tiny model as ONNX graphs, with the files, inputs and outputs that Hugging Face's Optimum gives to
NLLB.

``encoder_model``; ``decoder_model`` for the first step, which also gives out keys and values;
``decoder_with_past_model`` for the others; and ``decoder_model_merged``, which is both, chosen by
``use_cache_branch`` ("Export a model to ONNX", huggingface.co/docs/optimum).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from tests.support.nllb.transformer import Shape, Weights, positions

_AWAY = -1e9


class Nodes:
    """A graph as it is built; ``shared`` graphs use each other's constants."""

    def __init__(self, shape: Shape, weights: Weights, prefix: str = "") -> None:
        self.shape, self.weights, self.prefix = shape, weights, prefix
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def add(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """A node's output."""
        out = out or f"{self.prefix}{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, value: Any, name: str | None = None) -> str:
        """A constant's name."""
        name = name or f"{self.prefix}constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        """A weight's name, transposed if asked for."""
        value = self.weights[name]
        return self.constant(np.ascontiguousarray(value.T) if turned else value, f"{name}{'.T' * turned}")

    def embed(self, ids: str, places: str) -> str:
        """Tokens and their positions, numbers of rows in the table."""
        scaled = self.add(
            "Mul",
            self.add("Gather", self.weight("shared"), ids),
            self.constant(np.float32(self.shape.width**0.5)),
        )
        return self.add("Add", scaled, self.add("Gather", self.constant(positions(self.shape)), places))

    def linear(self, name: str, x: str) -> str:
        """A matrix and a bias."""
        product = self.add("MatMul", x, self.weight(f"{name}.weight", turned=True))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def norm(self, name: str, x: str) -> str:
        """Layer normalisation."""
        return self.add(
            "LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), epsilon=1e-5
        )

    def split(self, x: str) -> str:
        """[batch, length, width] -> [batch, heads, length, width of a head]."""
        size = self.shape.width // self.shape.heads
        apart = self.add("Reshape", x, self.constant(np.array([0, 0, self.shape.heads, size])))
        return self.add("Transpose", apart, perm=[0, 2, 1, 3])

    def keys_and_values(self, name: str, x: str) -> list[str]:
        """What an attention looks into."""
        return [self.split(self.linear(f"{name}.{part}_proj", x)) for part in "kv"]

    def attend(self, name: str, x: str, normed: str, cache: Sequence[str], mask: str) -> str:
        """Attention over a cache of keys and values, and the way around it."""
        key, value = cache
        scaled = self.add(
            "Mul",
            self.split(self.linear(f"{name}.q_proj", normed)),
            self.constant(np.float32((self.shape.width // self.shape.heads) ** -0.5)),
        )
        scores = self.add("MatMul", scaled, self.add("Transpose", key, perm=[0, 1, 3, 2]))
        shares = self.add("Softmax", self.add("Add", scores, mask), axis=-1)
        heads = self.add("Transpose", self.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", heads, self.constant(np.array([0, 0, self.shape.width])))
        return self.add("Add", x, self.linear(f"{name}.out_proj", joined))

    def feed(self, name: str, x: str) -> str:
        """The feed-forward part, and the way around it."""
        inner = self.add("Relu", self.linear(f"{name}.fc1", self.norm(f"{name}.final_layer_norm", x)))
        return self.add("Add", x, self.linear(f"{name}.fc2", inner))

    def hidden(self, seen: str) -> str:
        """What to add to scores, so that tokens that only fill up are not seen."""
        absent = self.add("Sub", self.constant(np.float32(1)), self.add("Cast", seen, to=TensorProto.FLOAT))
        apart = self.add("Unsqueeze", absent, self.constant(np.array([1, 2])))
        return self.add("Mul", apart, self.constant(np.float32(_AWAY)))


def encoder(shape: Shape, weights: Weights) -> onnx.ModelProto:
    """``input_ids``, ``attention_mask`` -> ``last_hidden_state``."""
    g = Nodes(shape, weights)
    counted = g.add("CumSum", "attention_mask", g.constant(np.array(1)))
    places = g.add("Add", g.add("Mul", counted, "attention_mask"), g.constant(np.array(1)))
    x, mask = g.embed("input_ids", places), g.hidden("attention_mask")
    for layer in range(shape.encoder_layers):
        name = f"encoder.layers.{layer}"
        normed = g.norm(f"{name}.self_attn_layer_norm", x)
        cache = g.keys_and_values(f"{name}.self_attn", normed)
        x = g.feed(name, g.attend(f"{name}.self_attn", x, normed, cache, mask))
    g.norm("encoder.layer_norm", x)
    g.nodes[-1].output[0] = "last_hidden_state"
    return _model(g, ["input_ids", "attention_mask"], ["last_hidden_state"])


def decoder(shape: Shape, weights: Weights, *, with_past: bool, prefix: str = "") -> tuple[Nodes, list[str]]:
    """The nodes of a decoder, and its outputs: logits, then keys and values of each layer."""
    g = Nodes(shape, weights, prefix)
    place, mask = _places(g, with_past), g.hidden("encoder_attention_mask")
    x = g.embed("input_ids", place)
    caches: list[str] = []
    for layer in range(shape.decoder_layers):
        name = f"decoder.layers.{layer}"
        normed = g.norm(f"{name}.self_attn_layer_norm", x)
        cached = g.keys_and_values(f"{name}.self_attn", normed)
        if with_past:
            past = [f"past_key_values.{layer}.decoder.{what}" for what in ("key", "value")]
            cached = [g.add("Concat", before, now, axis=2) for before, now in zip(past, cached, strict=True)]
        # Without a past the tokens come together, and none may see those behind it.
        ahead = g.constant(np.float32(0)) if with_past else _ahead(g)
        x = g.attend(f"{name}.self_attn", x, normed, cached, ahead)
        normed = g.norm(f"{name}.encoder_attn_layer_norm", x)
        memory = [f"past_key_values.{layer}.encoder.{what}" for what in ("key", "value")]
        if not with_past:
            memory = g.keys_and_values(f"{name}.encoder_attn", "encoder_hidden_states")
        x = g.feed(name, g.attend(f"{name}.encoder_attn", x, normed, memory, mask))
        caches += [*cached, *([] if with_past else memory)]
    logits = g.add(
        "MatMul", g.norm("decoder.layer_norm", x), g.weight("shared", turned=True), out=f"{prefix}logits"
    )
    return g, [logits, *caches]


def _places(g: Nodes, with_past: bool) -> str:
    """The positions of ``input_ids``: 2, 3, ... behind those of the past."""
    length = g.add("Gather", g.add("Shape", "input_ids"), g.constant(np.array(1)))
    begin = g.constant(np.array(2))
    if with_past:
        past = g.add("Gather", g.add("Shape", "past_key_values.0.decoder.key"), g.constant(np.array(2)))
        begin = g.add("Add", begin, past)
    return g.add("Range", begin, g.add("Add", begin, length), g.constant(np.array(1)))


def _ahead(g: Nodes) -> str:
    longest = g.shape.positions
    table = g.constant(np.triu(np.full((longest, longest), _AWAY, np.float32), 1))
    places = g.add("Sub", _places(g, with_past=False), g.constant(np.array(2)))
    return g.add("Gather", g.add("Gather", table, places, axis=0), places, axis=1)


def _caches(kind: str, shape: Shape, sides: Sequence[str]) -> list[str]:
    return [
        f"{kind}.{layer}.{side}.{what}"
        for layer in range(shape.decoder_layers)
        for side in sides
        for what in ("key", "value")
    ]


def _named(g: Nodes, outputs: list[str], names: list[str]) -> None:
    for output, name in zip(outputs, names, strict=True):
        g.add("Identity", output, out=name)


def first(shape: Shape, weights: Weights) -> onnx.ModelProto:
    """``decoder_model``."""
    g, outputs = decoder(shape, weights, with_past=False, prefix="_")
    names = ["logits", *_caches("present", shape, ("decoder", "encoder"))]
    _named(g, outputs, names)
    return _model(g, ["encoder_attention_mask", "input_ids", "encoder_hidden_states"], names)


def later(shape: Shape, weights: Weights) -> onnx.ModelProto:
    """``decoder_with_past_model``."""
    g, outputs = decoder(shape, weights, with_past=True, prefix="_")
    names = ["logits", *_caches("present", shape, ("decoder",))]
    _named(g, outputs, names)
    past = _caches("past_key_values", shape, ("decoder", "encoder"))
    return _model(g, ["encoder_attention_mask", "input_ids", *past], names)


def merged(shape: Shape, weights: Weights) -> onnx.ModelProto:
    """``decoder_model_merged``. Behind the first step its keys and values of the encoder are empty."""
    names = ["logits", *_caches("present", shape, ("decoder", "encoder"))]
    branches: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for branch, with_past in (("then_branch", True), ("else_branch", False)):
        g, outputs = decoder(shape, weights, with_past=with_past, prefix=f"{branch}_")
        if with_past:
            empty = g.constant(np.zeros((0, shape.heads, 1, shape.width // shape.heads), np.float32))
            logits, *caches = outputs
            outputs = [logits]
            for layer in range(shape.decoder_layers):
                outputs += [*caches[2 * layer : 2 * layer + 2], empty, empty]
        own = [f"{branch}_{name}" for name in names]
        own[0] = outputs[0]
        _named(g, outputs[1:], own[1:])
        branches[branch] = helper.make_graph(g.nodes, branch, [], [_info(name, shape) for name in own])
        constants |= g.constants
    g = Nodes(shape, weights)
    g.constants = constants
    g.nodes = [helper.make_node("If", ["use_cache_branch"], names, **branches)]
    past = _caches("past_key_values", shape, ("decoder", "encoder"))
    inputs = ["encoder_attention_mask", "input_ids", "encoder_hidden_states", *past, "use_cache_branch"]
    return _model(g, inputs, names)


def _info(name: str, shape: Shape) -> Any:
    """The type of an input or an output; sizes that vary have names."""
    if name == "use_cache_branch":
        return helper.make_tensor_value_info(name, TensorProto.BOOL, [1])
    # Equal names would say that sizes are equal.
    batch, length = f"{name}_batch", f"{name}_length"
    if name.endswith(("input_ids", "attention_mask")):
        return helper.make_tensor_value_info(name, TensorProto.INT64, [batch, length])
    sizes: list[int | str] = [batch, length, shape.width]
    if "logits" in name:
        sizes = [batch, length, shape.vocabulary]
    elif "key" in name or "value" in name:
        sizes = [batch, shape.heads, length, shape.width // shape.heads]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)


def _model(g: Nodes, inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    graph = helper.make_graph(
        g.nodes,
        "nllb",
        [_info(name, g.shape) for name in inputs],
        [_info(name, g.shape) for name in outputs],
        list(g.constants.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def export(shape: Shape, weights: Weights, folder: Path) -> None:
    """Write the four graphs, and those for 8 bits as files of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {
        "encoder_model": encoder,
        "decoder_model": first,
        "decoder_with_past_model": later,
        "decoder_model_merged": merged,
    }
    for name, build in graphs.items():
        path = folder / f"{name}.onnx"
        onnx.save(build(shape, weights), path)
        if name != "decoder_model_merged":
            small = folder / f"{name}_quantized.onnx"
            quantize_dynamic(path, small, weight_type=QuantType.QInt8, per_channel=True)
