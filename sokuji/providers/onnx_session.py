"""One way to open an ONNX model: sized threads, the execution providers asked for, clear errors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from sokuji.errors import ModelMissing

CPU = "CPUExecutionProvider"


def open_session(
    model: Path | bytes, *, execution: Sequence[tuple[str, dict[str, Any]]], cpu_threads: int
) -> onnxruntime.InferenceSession:
    """A session over a model: a file, or what such a file contains.

    Args:
        execution: execution providers that are installed, the preferred one first, each with its options.
        cpu_threads: threads of one call; calls that run at the same time share all but the first.

    Raises:
        ModelMissing: it is no ONNX model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cpu_threads
    # Every text has another length, and the runtime would keep a memory plan for each it has seen.
    options.enable_mem_pattern = False
    # Threads that wait busily would take the cores from the other stages of the conversation.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=list(execution))
    except Exception as error:  # The runtime raises classes of its own that share no public base.
        name = "the model" if isinstance(model, bytes) else model.name
        raise ModelMissing(f"{name} cannot be loaded: it is damaged or no ONNX model") from error
