"""Loads an NLLB model into the runtime that its settings select.

Each runtime is a heavy library of which a replica needs only one, so they are imported where they are used.
"""

from dataclasses import dataclass

from sokuji import models
from sokuji.config import NllbConfig
from sokuji.contract import Pairs
from sokuji.providers import cpu_threads
from sokuji.providers.translation.nllb.runtime import Runtime
from sokuji.providers.translation.nllb.tokenizer import NllbTokenizer


@dataclass(frozen=True, slots=True)
class NllbModel:
    """A loaded model."""

    tokenizer: NllbTokenizer
    runtime: Runtime
    pairs: Pairs


def load_model(config: NllbConfig) -> tuple[NllbModel, int]:
    """The model, and how many of its batches can be computed at the same time.

    Raises:
        ConfigError: the device, the precision or an execution provider is not available on this machine.
        ModelMissing: the model is not available, or damaged.
    """
    tokenizer, runtime, workers = (_load_onnx if config.use_onnx else _load_ctranslate2)(config)
    languages = tuple(tokenizer.languages)
    return NllbModel(tokenizer, runtime, Pairs(languages, languages)), workers


def _load_ctranslate2(config: NllbConfig) -> tuple[NllbTokenizer, Runtime, int]:
    from sokuji.providers.ctranslate2_device import check_compute_type, select_device
    from sokuji.providers.translation.nllb.ctranslate2_runtime import CTranslate2Runtime

    device = select_device(config.device)
    check_compute_type(config.precision, device, setting="precision")
    folder = models.locate("nllb", config.translation_model)
    tokenizer, workers = NllbTokenizer(folder), cpu_threads.worker_count(config.num_workers, device)
    runtime = CTranslate2Runtime(
        folder,
        tokenizer,
        device=device,
        precision=config.precision,
        workers=workers,
        cpu_threads=cpu_threads.threads_per_worker(config.cpu_threads, workers),
    )
    return tokenizer, runtime, workers


def _load_onnx(config: NllbConfig) -> tuple[NllbTokenizer, Runtime, int]:
    from sokuji.providers.onnx_session import CPU
    from sokuji.providers.translation.nllb import onnx_runtime

    execution = onnx_runtime.execution_providers(config)
    onnx_runtime.check_precision(config.precision)
    # On a hub the graphs of each precision are separate files.
    folder = models.locate("nllb-onnx", f"{config.translation_model}@{config.precision}")
    workers = cpu_threads.worker_count(config.num_workers, "cpu" if execution[0][0] == CPU else "cuda")
    runtime = onnx_runtime.OnnxRuntime(
        folder,
        precision=config.precision,
        execution=execution,
        cpu_threads=cpu_threads.threads_per_worker(config.cpu_threads, workers),
    )
    return NllbTokenizer(folder), runtime, workers
