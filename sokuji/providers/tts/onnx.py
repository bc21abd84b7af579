"""One way to open an ONNX voice model: sized threads, the device asked for, clear errors."""

import os
from pathlib import Path
from typing import Literal

import onnxruntime

from sokuji.errors import ConfigError, ModelMissing

MAX_THREADS = 4
"""Of all calls together, unless the settings say otherwise; voices are small models."""

_EXECUTION = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def open_session(
    path: Path, *, device: Literal["cpu", "cuda"], cpu_threads: int, num_workers: int
) -> onnxruntime.InferenceSession:
    """A session over the model at ``path`` for ``num_workers`` calls at a time.

    Args:
        cpu_threads: threads of one call; 0: a call's share of the cores, of which ``MAX_THREADS`` are used.

    Raises:
        ConfigError: the installed ONNX Runtime has no such device.
        ModelMissing: the file is no ONNX model.
    """
    if _EXECUTION[device] not in onnxruntime.get_available_providers():
        raise ConfigError(
            f"device {device!r} needs the package onnxruntime-gpu instead of onnxruntime; accepted: cpu",
            param="device",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cpu_threads or max(1, min(os.cpu_count() or 1, MAX_THREADS) // num_workers)
    # Every text has another length, and the runtime would keep a memory plan for each it has seen.
    options.enable_mem_pattern = False
    # Threads that wait busily would take the cores from the other stages of the conversation.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[_EXECUTION[device]])
    except Exception as error:  # The runtime raises classes of its own that share no public base.
        raise ModelMissing(f"{path.name} cannot be loaded: it is damaged or no ONNX model") from error
