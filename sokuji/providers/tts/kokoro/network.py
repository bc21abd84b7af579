"""The loaded Kokoro model: its symbols, its voices and its network, whose graph is rewritten to be faster.

The network is one graph from symbols to samples. It cannot make the start of a phrase before the rest, as
Piper's can: every block of its decoder normalises over the whole phrase. How long a phrase takes is thus up
to its length and to the graph, whose slowest operations are replaced when it is loaded
(``convolutions``, ``normalisations``). That takes half a second, and halves the time of each phrase.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from sokuji.errors import ModelMissing
from sokuji.providers.onnx_rewriting import Graph
from sokuji.providers.onnx_session import RELEASE_MEMORY, open_session_on
from sokuji.providers.tts.kokoro.convolutions import (
    rewrite_convolutions,
    signed_products_are_exact,
)
from sokuji.providers.tts.kokoro.normalisations import rewrite_normalisations
from sokuji.providers.tts.waveform_chunks import Waveform

Style = NDArray[np.float32]
"""A voice: shape (510, 1, 256), one style vector for each number of phonemes."""


class KokoroNetwork:
    """A loaded model; ``render`` can be called from several threads at once.

    Args:
        folder: with the model's files.
        cpu_threads: threads of one call of ``render``.
        device: operations that ONNX Runtime has for CPUs alone stay there.

    Raises:
        ConfigError: the installed ONNX Runtime does not support the device.
        ModelMissing: a file is absent or damaged.
    """

    def __init__(self, folder: Path, *, cpu_threads: int, device: Literal["cpu", "cuda"] = "cpu") -> None:
        try:
            self.ids: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))["vocab"]
            with np.load(folder / "voices_ja.npz") as archive:
                self.styles: Mapping[str, Style] = {name: archive[name] for name in archive.files}
            model = faster_model(folder / "model.onnx")
        except Exception as error:  # What protobuf raises has no public base.
            raise ModelMissing(f"kokoro model {folder.name!r} is damaged or incomplete") from error
        self._session = open_session_on(device, model, cpu_threads=cpu_threads)

    def render(self, phonemes: Sequence[str], style: Style) -> Waveform:
        """Samples of ``phonemes`` at 24 kHz, within -1 to 1."""
        ids = [self.ids[symbol] for symbol in phonemes]
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style[len(ids) - 1],
            "speed": np.ones(1, np.float32),
        }
        waveform: Waveform = self._session.run(None, inputs, RELEASE_MEMORY)[0]
        return waveform.reshape(-1)


def faster_model(path: Path) -> bytes:
    """The model at ``path`` with its slowest operations rewritten, serialised."""
    model = onnx.load(path)
    graph = Graph(model)
    rewrite_convolutions(graph, signed=signed_products_are_exact())
    rewrite_normalisations(graph)
    graph.finish()
    return bytes(model.SerializeToString())
