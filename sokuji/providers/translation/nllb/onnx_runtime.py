"""NLLB under ONNX Runtime, with the graphs that Hugging Face's Optimum exports.

They are an encoder, and a decoder whose first step outputs the keys and values that later steps take as
input: either two graphs, or one with a switch ("Export a model to ONNX", huggingface.co/docs/optimum).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from sokuji.config import NllbConfig
from sokuji.errors import ConfigError, ModelMissing
from sokuji.providers.onnx_session import CPU, open_session
from sokuji.providers.translation.nllb.beam_search import Floats, Integers, beam_search
from sokuji.providers.translation.nllb.runtime import BeamSearchOptions, EncoderInput, Hypothesis
from sokuji.providers.translation.nllb.tokenizer import EOS, PAD

FILE_SUFFIXES = {"float32": "", "float16": "_fp16", "int8": "_quantized"}
"""Precision -> suffix of the file names, as in the repositories of ``onnx-community`` and ``Xenova``."""

_TENSORRT = "TensorrtExecutionProvider"
_SWITCH = "use_cache_branch"


class OnnxRuntime:
    """A model as ONNX graphs; see ``Runtime``."""

    def __init__(
        self,
        folder: Path,
        *,
        precision: str,
        execution: Sequence[tuple[str, dict[str, Any]]],
        cpu_threads: int,
    ) -> None:
        """
        Args:
            folder: holds the graphs, or a folder ``onnx`` with them.
            precision: one of ``FILE_SUFFIXES``.
            execution: the result of ``execution_providers``.
            cpu_threads: threads of one batch.

        Raises:
            ConfigError: the model is not available in this precision.
            ModelMissing: a graph is absent or damaged.
        """
        folder = folder / "onnx" if (folder / "onnx").is_dir() else folder
        suffix = _file_suffix(folder, precision)
        self._execution = execution
        self._threads = cpu_threads
        self._encoder = self._open(folder / f"encoder_model{suffix}.onnx")
        merged = folder / f"decoder_model_merged{suffix}.onnx"
        if merged.is_file():
            self._first = self._later = self._open(merged)
        else:
            self._first = self._open(folder / f"decoder_model{suffix}.onnx")
            self._later = self._open(folder / f"decoder_with_past_model{suffix}.onnx")

    def _open(self, path: Path) -> onnxruntime.InferenceSession:
        if not path.is_file():
            raise ModelMissing(f"{path.name} is not there", param="translation_model")
        try:
            return open_session(path, execution=self._execution, cpu_threads=self._threads)
        except ModelMissing as error:
            raise ModelMissing(error.message, param="translation_model") from error

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        """See ``Runtime``."""
        longest = max(len(source.ids) for source in sources)
        ids = np.full((len(sources), longest), PAD, np.int64)
        for row, source in enumerate(sources):
            ids[row, : len(source.ids)] = source.ids
        mask = (np.arange(longest) < np.array([[len(source.ids)] for source in sources])).astype(np.int64)
        (states,) = self._encoder.run(
            ["last_hidden_state"], _graph_inputs(self._encoder, {"input_ids": ids, "attention_mask": mask})
        )
        decoder = _OnnxDecoder(self._first, self._later, states, mask, [source.target for source in sources])
        return beam_search(decoder, len(sources), search)


class _OnnxDecoder:
    """The decoder for one batch; see ``BatchDecoder``."""

    def __init__(self, first: Any, later: Any, states: Any, mask: Any, languages: Sequence[int]) -> None:
        self._first, self._later = first, later
        self._states, self._mask = states, mask
        self._languages = languages
        self._cache: dict[str, Any] = {}

    def first_logits(self) -> Floats:
        """See ``BatchDecoder``; all output begins with the end token and the language token."""
        ids = np.array([[EOS, language] for language in self._languages], np.int64)
        feed = {**self._encoder_inputs(), "input_ids": ids, _SWITCH: np.array([False])}
        return self._run(self._first, {**_empty_past(self._first, len(ids)), **feed})

    def next_logits(self, rows: Integers, last: Integers) -> Floats:
        """See ``BatchDecoder``."""
        self._states, self._mask = self._states[rows], self._mask[rows]
        self._cache = {name: value[rows] for name, value in self._cache.items()}
        feed = {**self._encoder_inputs(), "input_ids": last[:, None], _SWITCH: np.array([True])}
        return self._run(self._later, {**self._cache, **feed})

    def _encoder_inputs(self) -> dict[str, Any]:
        return {"encoder_attention_mask": self._mask, "encoder_hidden_states": self._states}

    def _run(self, session: Any, feed: Mapping[str, Any]) -> Floats:
        names = [output.name for output in session.get_outputs()]
        results = dict(zip(names, session.run(names, _graph_inputs(session, feed)), strict=True))
        for name, value in results.items():
            past = name.replace("present.", "past_key_values.", 1)
            # The encoder's keys and values do not change; later steps output nothing useful for them.
            if past != name and (".decoder." in name or past not in self._cache):
                self._cache[past] = value
        logits: Floats = results["logits"][:, -1].astype(np.float32)
        return logits


def _graph_inputs(session: Any, feed: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that the graph has, from ``feed``; exports of different versions omit unused inputs."""
    return {each.name: feed[each.name] for each in session.get_inputs()}


def _empty_past(session: Any, rows: int) -> dict[str, Any]:
    """Placeholders for the keys and values, which a graph with a switch ignores in its first step."""
    dtypes = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    return {
        each.name: np.zeros((rows, each.shape[1], 1, each.shape[3]), dtypes[each.type])
        for each in session.get_inputs()
        if each.name.startswith("past_key_values.")
    }


def check_precision(precision: str) -> None:
    """Refuse a precision in which no graphs are exported.

    Raises:
        ConfigError: names the available precisions.
    """
    if precision not in FILE_SUFFIXES:
        raise ConfigError(
            f"precision {precision!r} is not available with use_onnx; accepted: {', '.join(FILE_SUFFIXES)}",
            param="precision",
        )


def _file_suffix(folder: Path, precision: str) -> str:
    present = [
        name for name, suffix in FILE_SUFFIXES.items() if (folder / f"encoder_model{suffix}.onnx").is_file()
    ]
    if precision not in present:
        raise ConfigError(
            f"the model has no graphs in precision {precision!r}; accepted: {', '.join(present) or 'none'}",
            param="precision",
        )
    return FILE_SUFFIXES[precision]


def execution_providers(config: NllbConfig) -> list[tuple[str, dict[str, Any]]]:
    """ONNX Runtime's execution providers in order of preference, each with its options.

    Raises:
        ConfigError: the installed ONNX Runtime lacks one; names the available ones.
    """
    configured = config.onnx_providers or (CPU,)
    available = onnxruntime.get_available_providers()
    absent = [name for name in configured if name not in available]
    if absent:
        raise ConfigError(
            f"onnx_providers: {', '.join(absent)} is not in the installed ONNX Runtime; accepted: "
            f"{', '.join(available)}",
            param="onnx_providers",
        )
    return [(name, _tensorrt_options(config) if name == _TENSORRT else {}) for name in configured]


def _tensorrt_options(config: NllbConfig) -> dict[str, Any]:
    """Options from "TensorRT Execution Provider" (onnxruntime.ai).

    Engines are built for each new shape, which takes minutes; the cache keeps them.
    """
    options: dict[str, Any] = {"trt_fp16_enable": config.trt_fp16_enable}
    if config.trt_engine_cache_path is not None:
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": config.trt_engine_cache_path,
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": config.trt_engine_cache_path,
        }
    return options
