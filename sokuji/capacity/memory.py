"""How much memory a provider's settings take, on a GPU and in the machine, known before anything is loaded.

On a GPU, in bytes::

    parameters * bytes per weight
    + workers * batch * item * bytes per value
    + 0.5 GB for the process + workers * 0.75 GB * width / 1280

    item = 2 * layers * width * (heard + beams * said) + 2 * beams * vocabulary

The first line is the weights. The second is what grows with the batch: keys and values (hence 2) of each of
the decoder's layers, over what it has heard (Whisper: 1,500 positions of 30 s; a translator: its longest
sentence) and, for each beam, over what it has said at most, with the scores of all tokens. The third is the
CUDA context with the libraries' handles, and the encoder's scratch memory, both fitted from above to what
others have measured (https://github.com/SYSTRAN/faster-whisper/issues/1030 and the table in faster-whisper's
README, looked up 2026-11; tests/capacity/test_memory.py has them). These are upper bounds: every utterance of
the batch 30 s long, every translation as long as it may be. In the machine's memory a model on the CPU takes
the same, and what its file holds while it is loaded.

A model that is not in the tables (``model_sizes``) is estimated from the size of its files; one that is
not on this machine either, not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sokuji.capacity.model_sizes import (
    NLLB,
    PIPER_BYTES,
    STORED_BYTES,
    WHISPER,
    ModelShape,
    nearest,
    whisper_network,
)
from sokuji.config import (
    BergamotConfig,
    FasterWhisperConfig,
    KokoroConfig,
    NllbConfig,
    PiperConfig,
    Settings,
    VllmConfig,
)
from sokuji.models.table import EMBEDDED, Kind

GB = 10**9

PROCESS = 250_000_000
"""Bytes of a replica that has loaded nothing: Python, Ray and the libraries, measured."""
CUDA_PROCESS = GB // 2
SCRATCH = 3 * GB // 4
"""Of one worker of a model that is ``WIDEST`` wide."""
WIDEST = 1_280
WORKERS = 2
"""Of a provider that is left to choose: on a GPU always, on a CPU on machines of four cores."""
HEARD = 1_500
"""Positions in what Whisper's encoder makes of 30 s."""
SAID = 224
"""Tokens that Whisper says of them at most."""
WEIGHT_BYTES = {"int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "float32": 4}


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes."""

    gpu: int
    ram: int
    gpu_share: float = 0.0
    """Part of a GPU's memory that is taken whatever there is, from 0 to 1."""


def need(config: Settings, *, share: float) -> MemoryNeed | None:
    """What a replica with these settings takes.

    Args:
        config: of one provider.
        share: the GPUs that the replica has, 0 to any number; ``device: auto`` takes one where there is some.

    Returns:
        None where it cannot be told: the model is not in the tables and not on this machine.
    """
    estimate = _ESTIMATES.get(type(config))
    # Providers that call a service hold connections and nothing else.
    return estimate(config, share > 0) if estimate else MemoryNeed(gpu=0, ram=PROCESS)


def gigabytes(size: int) -> str:
    """Bytes for a person: 10^9 of them are one GB."""
    return f"{size / GB:.1f} GB"


def _faster_whisper(config: FasterWhisperConfig, has_gpu: bool) -> MemoryNeed | None:
    known = whisper_network(config.model_size)
    files = _size(Path(config.model_size).expanduser())
    if known is None and files is None:
        return None
    shape = known or nearest(WHISPER, files or 0)
    on_gpu = config.device == "cuda" or (config.device == "auto" and has_gpu)
    batch = _Batch(HEARD, SAID, max(config.beam_size, config.best_of), config.batch_size, config.num_workers)
    return _transformer(shape, batch, config.compute_type, None if known else files, on_gpu=on_gpu)


def _nllb_200(config: NllbConfig, has_gpu: bool) -> MemoryNeed | None:
    known = NLLB.get(config.translation_model.rpartition("/")[2])
    files = _size(Path(config.translation_model).expanduser())
    if known is None and files is None:
        return None
    shape = known or nearest(NLLB, files or 0)
    batch = _Batch(
        config.max_input_length,
        config.max_length,
        config.num_beams,
        config.max_batch_size,
        config.num_workers,
    )
    if config.use_onnx:
        # The encoder's and the decoder's files have a copy of the vocabulary each, and so have the scores.
        shape = replace(shape, parameters=shape.parameters + 2 * shape.vocabulary * shape.width)
        has_gpu = any(name.startswith(_ON_GPU) for name in config.onnx_providers)
    on_gpu = config.device == "cuda" or (config.device == "auto" and has_gpu)
    return _transformer(shape, batch, config.precision, None if known else files, on_gpu=on_gpu)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a model works on at most: positions heard, tokens said, beams, items, batches at the same time."""

    heard: int
    said: int
    beams: int
    items: int
    workers: int
    """0: as many as the provider takes by itself."""


def _transformer(
    shape: ModelShape, batch: _Batch, numbers: str, files: int | None, *, on_gpu: bool
) -> MemoryNeed:
    """The formula above.

    Args:
        shape: of the network.
        batch: what it works on.
        numbers: a CTranslate2 type: that of the weights and, behind "_", of the values.
        files: bytes of a model that only resembles ``shape``.
        on_gpu: whether it is loaded there.
    """
    weights = WEIGHT_BYTES.get(numbers.partition("_")[0], 4)
    values = 2 if numbers.endswith("float16") else 4
    stored = shape.parameters * STORED_BYTES if files is None else files
    model = shape.parameters * weights if files is None else max(files, files * weights // STORED_BYTES)
    spread = 2 * shape.layers * shape.width * (batch.heard + batch.beams * batch.said)
    item = (spread + 2 * batch.beams * shape.vocabulary) * values
    work = (batch.workers or WORKERS) * (batch.items * item + SCRATCH * shape.width // WIDEST)
    if on_gpu:
        # What it computes with is made from what is stored, in the machine's memory.
        return MemoryNeed(gpu=model + work + CUDA_PROCESS, ram=PROCESS + stored + CUDA_PROCESS)
    return MemoryNeed(gpu=0, ram=PROCESS + stored + model + work)


def _size(path: Path) -> int | None:
    """Bytes of a file, or of all files of a folder; None: there is nothing."""
    if path.is_file():
        return path.stat().st_size
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return None


def _vllm(config: VllmConfig, has_gpu: bool) -> MemoryNeed:
    # Its engine fills what it is given, and says itself if the model does not fit in that.
    return MemoryNeed(gpu=0, ram=PROCESS + 2 * GB, gpu_share=config.gpu_memory_utilization if has_gpu else 0)


def _piper(config: PiperConfig, has_gpu: bool) -> MemoryNeed | None:
    quality = config.tts_model.rpartition("-")[2]
    size = _size(Path(config.tts_model).expanduser()) or PIPER_BYTES.get(quality)
    if size is None:
        return None
    if config.device == "cuda":
        # ONNX Runtime takes memory in powers of two, so up to twice of what it needs.
        return MemoryNeed(gpu=2 * size + SCRATCH + CUDA_PROCESS, ram=PROCESS + 3 * size + CUDA_PROCESS)
    return MemoryNeed(gpu=0, ram=PROCESS + 3 * size)


def _kokoro(config: KokoroConfig, has_gpu: bool) -> MemoryNeed:
    return MemoryNeed(gpu=0, ram=PROCESS + 3 * _size_of_embedded("kokoro"))


def _bergamot(config: BergamotConfig, has_gpu: bool) -> MemoryNeed:
    return MemoryNeed(gpu=0, ram=PROCESS + 3 * _size_of_embedded("bergamot"))


def _size_of_embedded(kind: Kind) -> int:
    return sum(model.size for model in EMBEDDED if model.kind == kind)


_ON_GPU = ("CUDA", "Tensorrt")
"""How the names of ONNX Runtime's execution providers on a GPU begin."""

_ESTIMATES: dict[type[Settings], Callable[[Any, bool], MemoryNeed | None]] = {
    FasterWhisperConfig: _faster_whisper,
    PiperConfig: _piper,
    KokoroConfig: _kokoro,
    BergamotConfig: _bergamot,
    NllbConfig: _nllb_200,
    VllmConfig: _vllm,
}
