"""One way to open an ONNX voice model: sized threads, the device asked for, clear errors."""

from pathlib import Path
from typing import Literal

import onnxruntime

from sokuji.errors import ConfigError, ModelMissing

_EXECUTION = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def open_session(
    model: Path | bytes, *, device: Literal["cpu", "cuda"], cpu_threads: int
) -> onnxruntime.InferenceSession:
    """A session over a model: a file, or what such a file contains.

    Args:
        cpu_threads: threads of one call; calls that run at the same time share all but the first.

    Raises:
        ConfigError: the installed ONNX Runtime has no such device.
        ModelMissing: it is no ONNX model.
    """
    if _EXECUTION[device] not in onnxruntime.get_available_providers():
        raise ConfigError(
            f"device {device!r} needs the package onnxruntime-gpu instead of onnxruntime; accepted: cpu",
            param="device",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cpu_threads
    # Every text has another length, and the runtime would keep a memory plan for each it has seen.
    options.enable_mem_pattern = False
    # Threads that wait busily would take the cores from the other stages of the conversation.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=[_EXECUTION[device]])
    except Exception as error:  # The runtime raises classes of its own that share no public base.
        name = "the model" if isinstance(model, bytes) else model.name
        raise ModelMissing(f"{name} cannot be loaded: it is damaged or no ONNX model") from error
