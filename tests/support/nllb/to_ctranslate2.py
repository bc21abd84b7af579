"""The tiny model for CTranslate2, by its own converter; see ``M2M100Loader`` in its
``converters/transformers``."""

from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.converters import Converter
from ctranslate2.converters.utils import fuse_linear
from ctranslate2.specs import TransformerSpec, common_spec
from tokenizers import Tokenizer

from tests.support.nllb.transformer import Shape, Weights, positions


class TinyConverter(Converter):  # type: ignore[misc]
    """Gives the converter the weights under its own names."""

    def __init__(self, shape: Shape, weights: Weights, tokenizer: Tokenizer) -> None:
        self._shape, self._weights, self._tokenizer = shape, weights, tokenizer

    def _load(self) -> Any:
        shape = self._shape
        spec = TransformerSpec.from_config(
            (shape.encoder_layers, shape.decoder_layers),
            shape.heads,
            pre_norm=True,
            activation=common_spec.Activation.RELU,
        )
        tokens = [self._tokenizer.id_to_token(number) for number in range(shape.vocabulary)]
        spec.register_source_vocabulary(tokens)
        spec.register_target_vocabulary(tokens)
        spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<s>", "</s>", "<unk>"
        spec.config.decoder_start_token = "</s>"
        self._embed(spec.encoder, spec.encoder.embeddings[0])
        self._embed(spec.decoder, spec.decoder.embeddings)
        spec.decoder.projection.weight = self._weights["shared"]
        self._norm(spec.encoder.layer_norm, "encoder.layer_norm")
        self._norm(spec.decoder.layer_norm, "decoder.layer_norm")
        for number in range(shape.encoder_layers):
            self._layer(spec.encoder.layer[number], f"encoder.layers.{number}")
        for number in range(shape.decoder_layers):
            self._layer(spec.decoder.layer[number], f"decoder.layers.{number}")
        return spec

    def _embed(self, part: Any, embeddings: Any) -> None:
        part.scale_embeddings = np.float32(self._shape.width**0.5)
        part.position_encodings.encodings = positions(self._shape)[2:]
        embeddings.weight = self._weights["shared"]

    def _layer(self, layer: Any, name: str) -> None:
        self._attention(layer.self_attention, f"{name}.self_attn", fused=3)
        if f"{name}.encoder_attn_layer_norm.weight" in self._weights:
            self._attention(layer.attention, f"{name}.encoder_attn", fused=1)
        self._norm(layer.ffn.layer_norm, f"{name}.final_layer_norm")
        self._linear(layer.ffn.linear_0, f"{name}.fc1")
        self._linear(layer.ffn.linear_1, f"{name}.fc2")

    def _attention(self, attention: Any, name: str, fused: int) -> None:
        """``fused``: how many of query, key and value are computed by the first matrix."""
        parts = [common_spec.LinearSpec() for _ in range(3)]
        for part, which in zip(parts, "qkv", strict=True):
            self._linear(part, f"{name}.{which}_proj")
        fuse_linear(attention.linear[0], parts[:fused])
        if fused < 3:
            fuse_linear(attention.linear[1], parts[fused:])
        self._linear(attention.linear[-1], f"{name}.out_proj")
        self._norm(attention.layer_norm, f"{name}_layer_norm")

    def _linear(self, spec: Any, name: str) -> None:
        spec.weight, spec.bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]

    def _norm(self, spec: Any, name: str) -> None:
        spec.gamma, spec.beta = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]


def export(shape: Shape, weights: Weights, tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``model.bin``, ``config.json`` and ``shared_vocabulary.json``."""
    TinyConverter(shape, weights, tokenizer).convert(str(folder), force=True)
