"""NLLB under ONNX Runtime, from the graphs that Hugging Face's Optimum exports.

An encoder; and a decoder that gives out keys and values with its first step and takes them in later ones,
either as two graphs or as one with a switch ("Export a model to ONNX", huggingface.co/docs/optimum).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from sokuji.config import NllbConfig
from sokuji.errors import ConfigError, ModelMissing
from sokuji.providers.onnx_session import CPU, open_session
from sokuji.providers.translation.nllb.beam_search import Floats, Integers, seek
from sokuji.providers.translation.nllb.tokens import EOS, PAD, BeamSearchOptions, EncoderInput, Hypothesis

VARIANTS = {"float32": "", "float16": "_fp16", "int8": "_quantized"}
"""Precision -> how the names of its files end, as in the repositories of ``onnx-community`` and
``Xenova``."""

_TENSORRT = "TensorrtExecutionProvider"
_SWITCH = "use_cache_branch"


class OnnxRuntime:
    """The graphs of a model; see ``Runtime``."""

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
            folder: holds the graphs, or their folder ``onnx``.
            precision: one of ``VARIANTS``.
            execution: as ``execution_providers`` gives it.
            cpu_threads: threads of one batch.

        Raises:
            ConfigError: the model is not there in this precision.
            ModelMissing: a graph is absent or damaged.
        """
        folder = folder / "onnx" if (folder / "onnx").is_dir() else folder
        ending = _ending(folder, precision)
        self._execution = execution
        self._threads = cpu_threads
        self._encoder = self._open(folder / f"encoder_model{ending}.onnx")
        merged = folder / f"decoder_model_merged{ending}.onnx"
        if merged.is_file():
            self._first = self._later = self._open(merged)
        else:
            self._first = self._open(folder / f"decoder_model{ending}.onnx")
            self._later = self._open(folder / f"decoder_with_past_model{ending}.onnx")

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
        seen = (np.arange(longest) < np.array([[len(source.ids)] for source in sources])).astype(np.int64)
        (states,) = self._encoder.run(
            ["last_hidden_state"], _wanted(self._encoder, {"input_ids": ids, "attention_mask": seen})
        )
        decoder = _Decoding(self._first, self._later, states, seen, [source.target for source in sources])
        return seek(decoder, len(sources), search)


class _Decoding:
    """The decoder at work on a batch; see ``Decoder``."""

    def __init__(self, first: Any, later: Any, states: Any, seen: Any, languages: Sequence[int]) -> None:
        self._first, self._later = first, later
        self._states, self._seen = states, seen
        self._languages = languages
        self._cache: dict[str, Any] = {}

    def begin(self) -> Floats:
        """See ``Decoder``: behind the end token, with which all output begins, and that of the language."""
        ids = np.array([[EOS, language] for language in self._languages], np.int64)
        feed = {**self._common(), "input_ids": ids, _SWITCH: np.array([False])}
        return self._step(self._first, {**_empty_past(self._first, len(ids)), **feed})

    def go_on(self, rows: Integers, last: Integers) -> Floats:
        """See ``Decoder``."""
        self._states, self._seen = self._states[rows], self._seen[rows]
        self._cache = {name: value[rows] for name, value in self._cache.items()}
        feed = {**self._common(), "input_ids": last[:, None], _SWITCH: np.array([True])}
        return self._step(self._later, {**self._cache, **feed})

    def _common(self) -> dict[str, Any]:
        return {"encoder_attention_mask": self._seen, "encoder_hidden_states": self._states}

    def _step(self, session: Any, feed: Mapping[str, Any]) -> Floats:
        names = [output.name for output in session.get_outputs()]
        results = dict(zip(names, session.run(names, _wanted(session, feed)), strict=True))
        for name, value in results.items():
            past = name.replace("present.", "past_key_values.", 1)
            # Those of the encoder stay what they were; later steps give out nothing for them.
            if past != name and (".decoder." in name or past not in self._cache):
                self._cache[past] = value
        logits: Floats = results["logits"][:, -1].astype(np.float32)
        return logits


def _wanted(session: Any, feed: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``feed`` the graph takes: exports of different versions leave out what they do not use."""
    return {given.name: feed[given.name] for given in session.get_inputs()}


def _empty_past(session: Any, rows: int) -> dict[str, Any]:
    """What a graph with a switch wants in the first step, and does not look at."""
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    return {
        given.name: np.zeros((rows, given.shape[1], 1, given.shape[3]), kinds[given.type])
        for given in session.get_inputs()
        if given.name.startswith("past_key_values.")
    }


def check_precision(precision: str) -> None:
    """Refuse what graphs are not exported in.

    Raises:
        ConfigError: names what they are.
    """
    if precision not in VARIANTS:
        raise ConfigError(
            f"precision {precision!r} is not to be had with use_onnx; accepted: {', '.join(VARIANTS)}",
            param="precision",
        )


def _ending(folder: Path, precision: str) -> str:
    """How the names of the graphs end."""
    there = [name for name, ending in VARIANTS.items() if (folder / f"encoder_model{ending}.onnx").is_file()]
    if precision not in there:
        raise ConfigError(
            f"the model has no graphs in precision {precision!r}; accepted: {', '.join(there) or 'none'}",
            param="precision",
        )
    return VARIANTS[precision]


def execution_providers(config: NllbConfig) -> list[tuple[str, dict[str, Any]]]:
    """ONNX Runtime's providers in the order wanted, each with its options.

    Raises:
        ConfigError: the installed ONNX Runtime lacks one; names those that it has.
    """
    wanted = config.onnx_providers or (CPU,)
    available = onnxruntime.get_available_providers()
    absent = [name for name in wanted if name not in available]
    if absent:
        raise ConfigError(
            f"onnx_providers: {', '.join(absent)} is not in the installed ONNX Runtime; accepted: "
            f"{', '.join(available)}",
            param="onnx_providers",
        )
    return [(name, _tensorrt(config) if name == _TENSORRT else {}) for name in wanted]


def _tensorrt(config: NllbConfig) -> dict[str, Any]:
    """ "TensorRT Execution Provider", onnxruntime.ai: engines are built when a shape first comes, for
    minutes."""
    options: dict[str, Any] = {"trt_fp16_enable": config.trt_fp16_enable}
    if config.trt_engine_cache_path is not None:
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": config.trt_engine_cache_path,
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": config.trt_engine_cache_path,
        }
    return options
