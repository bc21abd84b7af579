"""Estimates the memory that a provider's settings take, on a GPU and in the machine, before it is loaded.

On a GPU, in bytes::

    parameters * bytes per weight
    + workers * batch * item * bytes per value
    + 0.5 GB for the process + workers * 0.75 GB * width / 1280

    item = 2 * layers * width * (source + beams * target) + 2 * beams * vocabulary

The first line is the weights. The second grows with the batch: keys and values (hence 2) of each of the
decoder's layers, for the source (Whisper: 1,500 encoder positions of 30 s; a translator: its longest
sentence) and, for each beam, for the tokens of the longest target, with the scores of all tokens. The third
is the CUDA context with the libraries' handles, and the encoder's scratch memory; both are upper bounds of
what others have measured (https://github.com/SYSTRAN/faster-whisper/issues/1030 and the table in
faster-whisper's README, looked up 2026-11; tests/capacity/test_memory.py has the figures). All estimates are
upper bounds: every utterance of a batch is 30 s long, every translation has the longest length allowed. A
model on the CPU takes the same of the machine's memory, and while it is loaded the size of its file.

A model that is not in the tables (``model_sizes``) is estimated from the size of its files, and not at all
if the files are not on this machine.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sokuji.capacity.model_sizes import (
    NLLB,
    PIPER_BYTES,
    POCKET_TTS_BYTES,
    STORED_BYTES,
    WHISPER,
    ModelShape,
    nearest_shape,
    whisper_shape,
)
from sokuji.config import (
    BergamotConfig,
    CampPlusConfig,
    FasterWhisperConfig,
    KokoroConfig,
    NllbConfig,
    PiperConfig,
    PocketTtsConfig,
    Settings,
    VllmConfig,
)
from sokuji.models.table import EMBEDDED, Kind

GB = 10**9

PROCESS_BYTES = 250_000_000
"""A replica without a model: Python, Ray and the libraries, measured."""
PYTORCH_BYTES = 300_000_000
"""Of its libraries, measured."""
CUDA_CONTEXT_BYTES = GB // 2
SCRATCH_BYTES = 3 * GB // 4
"""Of one worker of a model whose layers are ``WIDEST_MODEL`` wide."""
WIDEST_MODEL = 1_280
DEFAULT_WORKERS = 2
"""Of a provider with ``num_workers: 0``: always on a GPU; on a CPU, on machines of four cores."""
ENCODER_POSITIONS = 1_500
"""Of the output of Whisper's encoder for 30 s of audio."""
DECODED_TOKENS = 224
"""Most tokens that Whisper decodes of 30 s."""
WEIGHT_BYTES = {"int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "float32": 4}


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes."""

    gpu: int
    ram: int
    gpu_share: float = 0.0
    """Fraction of a GPU's memory that is taken whatever its size, 0 to 1."""


def estimate(config: Settings, *, share: float) -> MemoryNeed | None:
    """The memory that a replica with these settings takes.

    Args:
        config: of one provider.
        share: the GPUs that the replica has, 0 or more; ``device: auto`` uses a GPU if it is above 0.

    Returns:
        None if it is not known: the model is neither in the tables nor on this machine.
    """
    of_provider = _ESTIMATES.get(type(config))
    # Providers that call a cloud service load no model.
    return of_provider(config, share > 0) if of_provider else MemoryNeed(gpu=0, ram=PROCESS_BYTES)


def format_gb(size: int) -> str:
    """Bytes as text in GB (10^9 bytes)."""
    return f"{size / GB:.1f} GB"


def _faster_whisper(config: FasterWhisperConfig, has_gpu: bool) -> MemoryNeed | None:
    known = whisper_shape(config.model_size)
    files = _size_on_disk(Path(config.model_size).expanduser())
    if known is None and files is None:
        return None
    shape = known or nearest_shape(WHISPER, files or 0)
    on_gpu = config.device == "cuda" or (config.device == "auto" and has_gpu)
    batch = _Batch(
        ENCODER_POSITIONS,
        DECODED_TOKENS,
        max(config.beam_size, config.best_of),
        config.batch_size,
        config.num_workers,
    )
    return _transformer(shape, batch, config.compute_type, None if known else files, on_gpu=on_gpu)


def _nllb_200(config: NllbConfig, has_gpu: bool) -> MemoryNeed | None:
    known = NLLB.get(config.translation_model.rpartition("/")[2])
    files = _size_on_disk(Path(config.translation_model).expanduser())
    if known is None and files is None:
        return None
    shape = known or nearest_shape(NLLB, files or 0)
    batch = _Batch(
        config.max_input_length,
        config.max_length,
        config.num_beams,
        config.max_batch_size,
        config.num_workers,
    )
    if config.use_onnx:
        # The encoder, the decoder and the output layer each have a copy of the vocabulary's weights.
        shape = replace(shape, parameters=shape.parameters + 2 * shape.vocabulary * shape.width)
        has_gpu = any(name.startswith(_ON_GPU) for name in config.onnx_providers)
    on_gpu = config.device == "cuda" or (config.device == "auto" and has_gpu)
    return _transformer(shape, batch, config.precision, None if known else files, on_gpu=on_gpu)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The largest batch of a model, and how many of them it computes at the same time."""

    source_positions: int
    target_tokens: int
    beams: int
    items: int
    workers: int
    """0: as many as the provider chooses."""


def _transformer(
    shape: ModelShape, batch: _Batch, compute_type: str, files: int | None, *, on_gpu: bool
) -> MemoryNeed:
    """The formula of the module's docstring.

    Args:
        shape: of the model.
        batch: its largest batch.
        compute_type: of CTranslate2: the type of the weights and, after "_", of the values.
        files: size of the model's files in bytes, if ``shape`` only resembles it; else None.
        on_gpu: whether the model is loaded on a GPU.
    """
    weights = WEIGHT_BYTES.get(compute_type.partition("_")[0], 4)
    values = 2 if compute_type.endswith("float16") else 4
    stored = shape.parameters * STORED_BYTES if files is None else files
    model = shape.parameters * weights if files is None else max(files, files * weights // STORED_BYTES)
    positions = batch.source_positions + batch.beams * batch.target_tokens
    keys_and_values = 2 * shape.layers * shape.width * positions
    item = (keys_and_values + 2 * batch.beams * shape.vocabulary) * values
    scratch = SCRATCH_BYTES * shape.width // WIDEST_MODEL
    activations = (batch.workers or DEFAULT_WORKERS) * (batch.items * item + scratch)
    if on_gpu:
        # The stored weights are converted in the machine's memory before they go to the GPU.
        return MemoryNeed(
            gpu=model + activations + CUDA_CONTEXT_BYTES, ram=PROCESS_BYTES + stored + CUDA_CONTEXT_BYTES
        )
    return MemoryNeed(gpu=0, ram=PROCESS_BYTES + stored + model + activations)


def _size_on_disk(path: Path) -> int | None:
    """Bytes of a file, or of all files of a folder; None: no such path."""
    if path.is_file():
        return path.stat().st_size
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return None


def _vllm(config: VllmConfig, has_gpu: bool) -> MemoryNeed:
    # The engine takes all of its share, and refuses a model that does not fit into it.
    return MemoryNeed(
        gpu=0, ram=PROCESS_BYTES + 2 * GB, gpu_share=config.gpu_memory_utilization if has_gpu else 0
    )


def _piper(config: PiperConfig, has_gpu: bool) -> MemoryNeed | None:
    quality = config.tts_model.rpartition("-")[2]
    size = _size_on_disk(Path(config.tts_model).expanduser()) or PIPER_BYTES.get(quality)
    if size is None:
        return None
    if config.device == "cuda":
        # ONNX Runtime allocates in powers of two, so up to twice of what it needs.
        return MemoryNeed(
            gpu=2 * size + SCRATCH_BYTES + CUDA_CONTEXT_BYTES,
            ram=PROCESS_BYTES + 3 * size + CUDA_CONTEXT_BYTES,
        )
    return MemoryNeed(gpu=0, ram=PROCESS_BYTES + 3 * size)


def _kokoro(config: KokoroConfig, has_gpu: bool) -> MemoryNeed:
    # Its graph is rewritten when it is loaded, for which several copies are in memory.
    return MemoryNeed(gpu=0, ram=PROCESS_BYTES + 5 * _size_of_embedded("kokoro"))


def _pocket_tts(config: PocketTtsConfig, has_gpu: bool) -> MemoryNeed | None:
    if config.tts_model.endswith(".yaml"):
        size = _size_on_disk(Path(config.tts_model).expanduser().parent)
    else:
        size = POCKET_TTS_BYTES.get(config.tts_model.rpartition("_")[2], POCKET_TTS_BYTES[""])
    # The weights are twice in memory while they are loaded; then there is room for six texts or more.
    return None if size is None else MemoryNeed(gpu=0, ram=PROCESS_BYTES + PYTORCH_BYTES + 2 * size)


def _bergamot(config: BergamotConfig, has_gpu: bool) -> MemoryNeed:
    return MemoryNeed(gpu=0, ram=PROCESS_BYTES + 3 * _size_of_embedded("bergamot"))


def _campplus(config: CampPlusConfig, has_gpu: bool) -> MemoryNeed:
    # Its networks are built in memory: weights, the graph with them, and the session.
    size = _size_of_embedded("speaker-embedding") + _size_of_embedded("speaker-segmentation")
    return MemoryNeed(gpu=0, ram=PROCESS_BYTES + 5 * size)


def _size_of_embedded(kind: Kind) -> int:
    return sum(model.size for model in EMBEDDED if model.kind == kind)


_ON_GPU = ("CUDA", "Tensorrt")
"""Prefixes of the names of ONNX Runtime's execution providers for GPUs."""

_ESTIMATES: dict[type[Settings], Callable[[Any, bool], MemoryNeed | None]] = {
    FasterWhisperConfig: _faster_whisper,
    PiperConfig: _piper,
    KokoroConfig: _kokoro,
    PocketTtsConfig: _pocket_tts,
    BergamotConfig: _bergamot,
    NllbConfig: _nllb_200,
    VllmConfig: _vllm,
    CampPlusConfig: _campplus,
}
