"""Whisper's decoder under ONNX Runtime: reads tokens of a batch of windows, and remembers them."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sokuji.errors import ModelMissing
from sokuji.providers.onnx_session import open_session_on
from sokuji.providers.stt.whisper.greedy.checkpoint import Checkpoint
from sokuji.providers.stt.whisper.greedy.network import (
    EMBEDDED,
    ENCODED,
    LOGITS,
    MASK,
    ROWS,
    Dimensions,
    decoder_model,
    memory_model,
)

_log = logging.getLogger(__name__)

Values = dict[str, onnxruntime.OrtValue]
_HIDDEN = np.float32(-1e9)
"""What is added to the attention to a token that does not count."""


class State:
    """What has been read of each window of a batch."""

    def __init__(self, memory: Values, past: Values, windows: int) -> None:
        """
        Args:
            memory: keys and values of the encoder's output.
            past: those of the tokens read, some of which may not count.
        """
        self.memory = memory
        self.past = past
        self.counts = np.zeros((windows, 0), np.bool_)
        """Of each token read, whether it counts. Shape (windows, tokens)."""

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these windows alone."""
        chosen = list(rows)
        self.counts = self.counts[chosen]
        for values in (self.memory, self.past):
            for name, value in values.items():
                values[name] = onnxruntime.OrtValue.ortvalue_from_numpy(value.numpy()[chosen])


class OnnxDecoder:
    """The loaded decoder; calls may run at the same time."""

    def __init__(self, weights: Checkpoint) -> None:
        self._weights = weights
        self._sizes = sizes = Dimensions.of(weights)
        # A token takes 3 ms: to wake other threads for each product takes longer than they save.
        self._memory = open_session_on("cpu", memory_model(weights, sizes), cpu_threads=1)
        self._decoder = open_session_on("cpu", decoder_model(weights, sizes), cpu_threads=1)
        self._positions = weights.floats("decoder/position_encodings/encodings")
        weights.release()
        self._presents = list(sizes.keys_and_values("present"))
        self._pasts = list(sizes.keys_and_values("past"))

    def begin(self, encoded: NDArray[np.float32]) -> State:
        """Nothing read yet of the windows whose encoder output is given, (windows, positions, width)."""
        outputs = self._memory.run(None, {ENCODED: encoded})
        names = self._sizes.keys_and_values("memory")
        nothing = np.zeros((len(encoded), self._sizes.heads, 0, self._sizes.head_width), np.float32)
        return State(
            {name: _value(output) for name, output in zip(names, outputs, strict=True)},
            {name: _value(nothing) for name in self._pasts},
            len(encoded),
        )

    def read(
        self, state: State, tokens: Sequence[Sequence[int]], wanted: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        """Read more tokens of each window, and rate what may follow some of them.

        Args:
            state: is changed.
            tokens: of each window.
            wanted: window and number of each token behind which logits are wanted.

        Returns:
            The logits, (wanted, vocabulary).
        """
        longest = max(map(len, tokens))
        read = np.zeros((len(tokens), longest), np.int64)
        for row, each in zip(read, tokens, strict=True):
            row[: len(each)] = each
        new = np.arange(longest) < np.array([[len(each)] for each in tokens])
        positions = state.counts.sum(axis=1)[:, None] + np.arange(longest)
        embedded = self._weights.floats("decoder/embeddings/weight", read)
        # Behind the tokens of a window that has fewer, the number of a position may be too high.
        embedded += self._positions[np.minimum(positions, len(self._positions) - 1)]
        inputs: dict[str, NDArray[Any]] = {
            EMBEDDED: embedded,
            MASK: _mask(state.counts, longest),
            ROWS: np.array([row * longest + number for row, number in wanted], np.int64),
        }
        logits, *present = self._run(inputs, {**state.memory, **state.past})
        state.past = dict(zip(self._pasts, present, strict=True))
        state.counts = np.concatenate([state.counts, new], axis=1)
        result: NDArray[np.float32] = logits.numpy()
        return result

    def _run(self, inputs: Mapping[str, NDArray[Any]], values: Values) -> list[onnxruntime.OrtValue]:
        binding = self._decoder.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for name in (LOGITS, *self._presents):
            binding.bind_output(name, "cpu")
        self._decoder.run_with_iobinding(binding)
        outputs: list[onnxruntime.OrtValue] = binding.get_outputs()
        return outputs


def load_decoder(model: Path) -> OnnxDecoder | None:
    """The decoder of a model of CTranslate2; None, with a warning, if its file is of another form."""
    try:
        return OnnxDecoder(Checkpoint(model))
    except ModelMissing as error:
        _log.warning("cpu_decoder: ctranslate2 is used, which is slower: %s", error)
        return None


def _value(array: NDArray[np.float32]) -> onnxruntime.OrtValue:
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def _mask(counts: NDArray[np.bool_], new: int) -> NDArray[np.float32]:
    """The mask for ``new`` tokens behind those of which some count: (windows, 1, new, all)."""
    windows, past = counts.shape
    mask = np.zeros((windows, 1, new, past + new), np.float32)
    mask[..., :past] = np.where(counts, 0, _HIDDEN)[:, None, None, :]
    mask[..., past:] = np.triu(np.full((new, new), _HIDDEN), 1)
    return mask
