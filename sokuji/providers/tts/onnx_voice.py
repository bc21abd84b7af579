"""Opens an ONNX voice model on the device asked for."""

from pathlib import Path
from typing import Literal

import onnxruntime

from sokuji.errors import ConfigError
from sokuji.providers import onnx_session

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
    return onnx_session.open_session(model, execution=[(_EXECUTION[device], {})], cpu_threads=cpu_threads)
