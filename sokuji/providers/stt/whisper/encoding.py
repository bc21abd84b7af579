"""The output of Whisper's encoder, which both decoders take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from sokuji.providers.stt.whisper.windows import Features


@dataclass(frozen=True, slots=True)
class EncoderOutput:
    """The encoder's output for one window."""

    rows: NDArray[Any]
    """Shape (50 per second of the window, width of the model)."""
    dtype: Any
    """The model's own data type, which NumPy may lack."""


def encode(model: WhisperModel, inputs: Sequence[Features]) -> list[EncoderOutput]:
    """Encode windows of one length, as one batch."""
    view = model.model.encode(ctranslate2.StorageView.from_array(np.stack(inputs)), to_cpu=True)
    known = {ctranslate2.DataType.float32, ctranslate2.DataType.float16}
    rows = np.array(view if view.dtype in known else view.to(ctranslate2.DataType.float32))
    return [EncoderOutput(each, view.dtype) for each in rows]


def stacked(outputs: Sequence[EncoderOutput]) -> Any:
    """Outputs for windows of one length as a batch of CTranslate2."""
    batch = ctranslate2.StorageView.from_array(np.stack([output.rows for output in outputs]))
    return batch if batch.dtype == outputs[0].dtype else batch.to(outputs[0].dtype)
