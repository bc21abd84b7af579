"""The network of NLLB (M2M-100, Fan et al. 2020, arXiv:2010.11125) in NumPy, and its training.

An encoder and a decoder whose layers normalise their input, embeddings that both share with the output and
that are scaled by the root of their width, and sinusoidal positions that begin at 2. The names of weights are
those of Hugging Face's ``M2M100ForConditionalGeneration``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
from autograd import grad

Weights = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """How large it is."""

    vocabulary: int
    width: int = 48
    inner: int = 96
    heads: int = 4
    encoder_layers: int = 1
    decoder_layers: int = 2
    positions: int = 128

    @property
    def blocks(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each layer and its attentions."""
        for layer in range(self.encoder_layers):
            yield f"encoder.layers.{layer}", ("self_attn",)
        for layer in range(self.decoder_layers):
            yield f"decoder.layers.{layer}", ("self_attn", "encoder_attn")


def positions(shape: Shape) -> Any:
    """The table of positions; its first two rows are those that no token has."""
    half = shape.width // 2
    angles = np.arange(shape.positions + 2)[:, None] * np.exp(-np.log(10_000) / (half - 1) * np.arange(half))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def new(shape: Shape, seed: int) -> Weights:
    """Random weights."""
    random = np.random.default_rng(seed)
    weights: Weights = {"shared": random.normal(0, shape.width**-0.5, (shape.vocabulary, shape.width))}

    def linear(name: str, inputs: int, outputs: int) -> None:
        weights[f"{name}.weight"] = random.normal(0, inputs**-0.5, (outputs, inputs))
        weights[f"{name}.bias"] = np.zeros(outputs)

    def norm(name: str) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = np.ones(shape.width), np.zeros(shape.width)

    for block, attentions in shape.blocks:
        for attention in attentions:
            norm(f"{block}.{attention}_layer_norm")
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{block}.{attention}.{part}", shape.width, shape.width)
        norm(f"{block}.final_layer_norm")
        linear(f"{block}.fc1", shape.width, shape.inner)
        linear(f"{block}.fc2", shape.inner, shape.width)
    norm("encoder.layer_norm")
    norm("decoder.layer_norm")
    return {name: weight.astype(np.float32) for name, weight in weights.items()}


class TinyTransformer:
    """The computation with some weights."""

    def __init__(self, shape: Shape, weights: Weights) -> None:
        self._shape, self._weights = shape, weights
        self._positions = positions(shape)

    def logits(self, source: Any, seen: Any, target: Any) -> Any:
        """For each place of ``target`` ([batch, length]) the logits of the token behind it; ``seen`` is 1
        where ``source`` holds a token, and 0 where it is filled up."""
        away = np.float32(1e9)
        hidden = (np.float32(1) - seen[:, None, None, :]) * -away
        ahead = np.triu(np.full((target.shape[1],) * 2, -away, np.float32), 1)
        memory = self._embed(source)
        for layer in range(self._shape.encoder_layers):
            name = f"encoder.layers.{layer}"
            memory = self._attend(f"{name}.self_attn", memory, None, hidden)
            memory = self._feed(name, memory)
        memory = self._norm("encoder.layer_norm", memory)
        state = self._embed(target)
        for layer in range(self._shape.decoder_layers):
            name = f"decoder.layers.{layer}"
            state = self._attend(f"{name}.self_attn", state, None, ahead)
            state = self._attend(f"{name}.encoder_attn", state, memory, hidden)
            state = self._feed(name, state)
        return np.dot(self._norm("decoder.layer_norm", state), self._weights["shared"].T)

    def _embed(self, ids: Any) -> Any:
        scale = np.float32(self._shape.width**0.5)
        return self._weights["shared"][ids] * scale + self._positions[2 : 2 + ids.shape[1]]

    def _linear(self, name: str, x: Any) -> Any:
        return np.dot(x, self._weights[f"{name}.weight"].T) + self._weights[f"{name}.bias"]

    def _norm(self, name: str, x: Any) -> Any:
        centred = x - np.mean(x, -1, keepdims=True)
        spread = np.sqrt(np.mean(centred * centred, -1, keepdims=True) + np.float32(1e-5))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _attend(self, name: str, x: Any, memory: Any, mask: Any) -> Any:
        normed = self._norm(f"{name}_layer_norm", x)
        keys = normed if memory is None else memory
        query = self._split(self._linear(f"{name}.q_proj", normed))
        key = self._split(self._linear(f"{name}.k_proj", keys))
        value = self._split(self._linear(f"{name}.v_proj", keys))
        scale = np.float32((self._shape.width // self._shape.heads) ** -0.5)
        scores = np.matmul(query * scale, np.swapaxes(key, 2, 3)) + mask
        powers = np.exp(scores - np.max(scores, -1, keepdims=True))
        heads = np.matmul(powers / np.sum(powers, -1, keepdims=True), value)
        joined = np.reshape(np.swapaxes(heads, 1, 2), x.shape)
        return x + self._linear(f"{name}.out_proj", joined)

    def _split(self, x: Any) -> Any:
        """[batch, length, width] -> [batch, heads, length, width of a head]."""
        return np.swapaxes(np.reshape(x, (*x.shape[:2], self._shape.heads, -1)), 1, 2)

    def _feed(self, name: str, x: Any) -> Any:
        normed = self._norm(f"{name}.final_layer_norm", x)
        inner = np.maximum(self._linear(f"{name}.fc1", normed), np.float32(0))
        return x + self._linear(f"{name}.fc2", inner)


def train(
    shape: Shape, source: Any, seen: Any, target: Any, *, pad: int, steps: int, batch: int = 75
) -> Weights:
    """Weights that turn each row of ``source`` into that of ``target``, which begins with its start token."""
    weights = new(shape, seed=1)
    random = np.random.default_rng(2)

    def loss(weights: Weights, rows: Any) -> Any:
        logits = TinyTransformer(shape, weights).logits(source[rows], seen[rows], target[rows, :-1])
        high = np.max(logits, -1, keepdims=True)
        log_sums = np.log(np.sum(np.exp(logits - high), -1)) + high[..., 0]
        wanted = target[rows, 1:]
        one_hot = (wanted[..., None] == np.arange(shape.vocabulary)).astype(np.float32)
        counted = (wanted != pad).astype(np.float32)
        counted[:, 0] = 0  # The language, which is given.
        return np.sum((log_sums - np.sum(logits * one_hot, -1)) * counted) / np.sum(counted)

    slope = grad(loss)
    mean = {name: np.zeros_like(weight) for name, weight in weights.items()}
    square = {name: np.zeros_like(weight) for name, weight in weights.items()}
    for step in range(1, steps + 1):
        # At the end all examples at once, for probabilities that are theirs.
        sampled = step <= 0.75 * steps
        rows = random.choice(len(source), batch, replace=False) if sampled else np.arange(len(source))
        slopes = slope(weights, rows)
        # Adam (Kingma and Ba 2015), warmed up and cooled down.
        rate = 7e-3 * min(1, step / 20, 2 * (steps - step + 1) / steps)
        for name, weight in weights.items():
            mean[name] = 0.9 * mean[name] + 0.1 * slopes[name]
            square[name] = 0.98 * square[name] + 0.02 * slopes[name] ** 2
            change = mean[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.98**step)) + 1e-8)
            weights[name] = (weight - rate * change).astype(np.float32)
    return weights
