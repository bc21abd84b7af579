"""Voice activity detection: the probability of speech in 32 ms of audio.

The model is Silero VAD v6 (MIT), the ONNX file in the faster-whisper package. Its weights are loaded once a
process; each stream has its own recurrent state.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sokuji.audio.frames import FRAME_SAMPLES
from sokuji.errors import ModelMissing

_MODEL_FILE = "silero_vad_v6.onnx"
# The model's input starts with the end of the frame before; its LSTM has a hidden and a cell state.
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)
_MOST_FRAMES = 32
"""Computed at a time: more are not faster."""


class SileroVad:
    """Computes the probability of speech for the frames of one stream, in order.

    Raises:
        ModelMissing: the package that carries the model is not installed.
    """

    def __init__(self) -> None:
        self._model = _model()
        self.reset()

    def reset(self) -> None:
        """Clear the state: the next frame begins a new stream."""
        self._hidden = np.zeros(_STATE_SHAPE, np.float32)
        self._cell = np.zeros(_STATE_SHAPE, np.float32)
        self._context: NDArray[np.float32] = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        """The probability of speech, 0 to 1, in each frame of 512 samples (mono int16, 16 kHz).

        Frames that are given together are computed together, which takes two thirds of the time.
        """
        return [
            probability
            for begin in range(0, len(frames), _MOST_FRAMES)
            for probability in self._rate(b"".join(frames[begin : begin + _MOST_FRAMES]))
        ]

    def _rate(self, pcm: bytes) -> list[float]:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
        heard = np.concatenate((self._context, samples))
        windows = sliding_window_view(heard, _CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        inputs = {"input": np.ascontiguousarray(windows), "h": self._hidden, "c": self._cell}
        output, self._hidden, self._cell = self._model.run(None, inputs)
        self._context = heard[-_CONTEXT_SAMPLES:]
        probabilities: list[float] = output.ravel().tolist()
        return probabilities


@lru_cache(maxsize=1)
def _model() -> onnxruntime.InferenceSession:
    """The model, loaded once a process. It computes in one thread, as a frame takes only 0.2 ms."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(_model_path(), options, providers=["CPUExecutionProvider"])


def _model_path() -> Path:
    """The model's file. The package is located, not imported, since the import would load CTranslate2."""
    package = find_spec("faster_whisper")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "assets" / _MODEL_FILE
        if path.is_file():
            return path
    raise ModelMissing(
        f"voice activity detection needs {_MODEL_FILE}, which comes with faster-whisper 1.2.1: "
        "pip install faster-whisper==1.2.1"
    )
