"""Opens ONNX models: on a device or with given execution providers, with a bounded number of threads.

A session keeps all memory that it has ever needed, for the next call. Where the lengths of the inputs differ
much, ``RELEASE_MEMORY`` is passed to each call, so that one long input does not cost its memory for good.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

import onnxruntime

from sokuji.errors import ConfigError, ModelMissing

CPU = "CPUExecutionProvider"
RELEASE_MEMORY = onnxruntime.RunOptions()
"""Options of a call after which the session's memory is given back ("Memory consumption", onnxruntime.ai)."""
RELEASE_MEMORY.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
_DEVICES = {"cpu": CPU, "cuda": "CUDAExecutionProvider"}


def open_session(
    model: Path | bytes, *, execution: Sequence[tuple[str, dict[str, Any]]], cpu_threads: int
) -> onnxruntime.InferenceSession:
    """A session over a model.

    Args:
        model: a file, or the contents of such a file.
        execution: installed execution providers in order of preference, each with its options.
        cpu_threads: threads of one call; calls that run at the same time share all but the first.

    Raises:
        ModelMissing: it is not an ONNX model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cpu_threads
    # Nearly every text has a different length, and the runtime would keep a memory plan for each length.
    options.enable_mem_pattern = False
    # Threads that spin while they wait would take cores from the other stages of the conversation.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with _file_of(model) as path:
            session = onnxruntime.InferenceSession(str(path), options, providers=list(execution))
    except Exception as error:  # The runtime's own exception classes share no public base.
        name = "the model" if isinstance(model, bytes) else model.name
        raise ModelMissing(f"{name} cannot be loaded: it is damaged or not an ONNX model") from error
    _give_back_free_memory()
    return session


def _give_back_free_memory() -> None:
    """A model is parsed into as much memory as it has weights, which glibc keeps when it is free again."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def _file_of(model: Path | bytes) -> Iterator[Path]:
    """The file of a model; a session that is given bytes would keep them for good."""
    if isinstance(model, Path):
        yield model
        return
    with NamedTemporaryFile(suffix=".onnx") as file:
        file.write(model)
        file.flush()
        yield Path(file.name)


def open_session_on(
    device: Literal["cpu", "cuda"], model: Path | bytes, *, cpu_threads: int
) -> onnxruntime.InferenceSession:
    """A session over a model on one device; see ``open_session``.

    Raises:
        ConfigError: the installed ONNX Runtime does not support the device.
        ModelMissing: it is not an ONNX model.
    """
    if _DEVICES[device] not in onnxruntime.get_available_providers():
        raise ConfigError(
            f"device {device!r} needs the package onnxruntime-gpu instead of onnxruntime; accepted: cpu",
            param="device",
        )
    return open_session(model, execution=[(_DEVICES[device], {})], cpu_threads=cpu_threads)
