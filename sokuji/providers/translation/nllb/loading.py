"""Loads an NLLB model into the runtime that its settings ask for.

Each runtime is a heavy library, of which a replica wants one: so they are imported here where they are used.
"""

from dataclasses import dataclass

from sokuji import models
from sokuji.config import NllbConfig
from sokuji.contract import Pairs
from sokuji.providers import cpu_threads
from sokuji.providers.translation.nllb.tokens import Runtime, Tokens


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that can be used."""

    tokens: Tokens
    runtime: Runtime
    pairs: Pairs


def load(config: NllbConfig) -> tuple[Loaded, int]:
    """The model, and how many of its batches may be computed at the same time.

    Raises:
        ConfigError: the device, the precision or an execution provider is not to be had on this machine.
        ModelMissing: the model is not to be had, or damaged.
    """
    tokens, runtime, workers = (_with_onnx if config.use_onnx else _with_ctranslate2)(config)
    known = tuple(tokens.languages)
    return Loaded(tokens, runtime, Pairs(known, known)), workers


def _with_ctranslate2(config: NllbConfig) -> tuple[Tokens, Runtime, int]:
    from sokuji.providers.translation.nllb import ctranslate2_runtime as library

    where = library.device(config.device)
    library.check_precision(config.precision, where)
    folder = models.locate("nllb", config.translation_model)
    tokens, workers = Tokens(folder), cpu_threads.workers(config.num_workers, where)
    runtime = library.CTranslate2Runtime(
        folder,
        tokens,
        device=where,
        precision=config.precision,
        workers=workers,
        cpu_threads=cpu_threads.threads(config.cpu_threads, workers),
    )
    return tokens, runtime, workers


def _with_onnx(config: NllbConfig) -> tuple[Tokens, Runtime, int]:
    from sokuji.providers.onnx_session import CPU
    from sokuji.providers.translation.nllb import onnx_runtime as library

    execution = library.execution_providers(config)
    library.check_precision(config.precision)
    # A hub has each precision's graphs in files of their own.
    folder = models.locate("nllb-onnx", f"{config.translation_model}@{config.precision}")
    workers = cpu_threads.workers(config.num_workers, "cpu" if execution[0][0] == CPU else "cuda")
    runtime = library.OnnxRuntime(
        folder,
        precision=config.precision,
        execution=execution,
        cpu_threads=cpu_threads.threads(config.cpu_threads, workers),
    )
    return Tokens(folder), runtime, workers
