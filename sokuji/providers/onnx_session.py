"""Opens ONNX models: on a device or with given execution providers, with a bounded number of threads.

A session keeps all memory that it has ever needed, for the next call. Where the lengths of the inputs differ
much, ``RELEASE_MEMORY`` is passed to each call, so that one long input does not cost its memory for good.
"""

from collections.abc import Sequence
from pathlib import Path
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
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=list(execution))
    except Exception as error:  # The runtime's own exception classes share no public base.
        name = "the model" if isinstance(model, bytes) else model.name
        raise ModelMissing(f"{name} cannot be loaded: it is damaged or not an ONNX model") from error


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
