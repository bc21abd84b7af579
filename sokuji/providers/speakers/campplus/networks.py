"""The two loaded networks: one says when the speaker changes, the other what a voice is like."""

from collections.abc import Sequence
from pathlib import Path

import kaldi_native_fbank as kaldi
import numpy as np
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.errors import ModelMissing
from sokuji.providers.onnx_session import RELEASE_MEMORY, open_session_on
from sokuji.providers.speakers.campplus import embedding_graph, segmentation_graph
from sokuji.providers.speakers.campplus.checkpoint import read_tensors

Samples = NDArray[np.float32]
"""Mono audio at 16 kHz, within -1 to 1."""

EMBEDDING_FILE, SEGMENTATION_FILE = "campplus_cn_en_common.pt", "pytorch_model.bin"
MEL_BINS = 80


class Networks:
    """Both networks; their methods can be called from several threads at once.

    Args:
        embedding, segmentation: folders with the checkpoints.
        cpu_threads: threads of one call.

    Raises:
        ModelMissing: a file is absent or damaged.
    """

    def __init__(self, embedding: Path, segmentation: Path, *, cpu_threads: int) -> None:
        try:
            embedding_model = embedding_graph.embedding_model(read_tensors(embedding / EMBEDDING_FILE))
            segmentation_model = segmentation_graph.segmentation_model(
                read_tensors(segmentation / SEGMENTATION_FILE)
            )
        except KeyError as error:
            raise ModelMissing(f"a checkpoint lacks the weight {error}") from None
        self._embedding = open_session_on("cpu", embedding_model, cpu_threads=cpu_threads)
        self._segmentation = open_session_on("cpu", segmentation_model, cpu_threads=cpu_threads)

    def segment(self, samples: Samples) -> NDArray[np.float32]:
        """Scores of the classes of ``segmentation_graph.CLASSES``, (frames, classes); at least one frame."""
        least = segmentation_graph.FRAME_SAMPLES
        padded = np.pad(samples, (0, max(0, least - len(samples))))
        inputs = {segmentation_graph.INPUT: padded[None, None]}
        scores: NDArray[np.float32] = self._segmentation.run(None, inputs, RELEASE_MEMORY)[0][0]
        return scores

    def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors of voices, (pieces, 192); all pieces are of the same length."""
        features = np.stack([_features(each) for each in pieces])
        inputs = {embedding_graph.INPUT: features}
        vectors: NDArray[np.float32] = self._embedding.run(None, inputs, RELEASE_MEMORY)[0]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def _features(samples: Samples) -> NDArray[np.float32]:
    """Logarithmic mel energies as in Kaldi, (frames, 80), less their mean over time."""
    options = kaldi.FbankOptions()
    options.frame_opts.samp_freq = RECOGNISER_RATE
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = MEL_BINS
    bank = kaldi.OnlineFbank(options)
    bank.accept_waveform(RECOGNISER_RATE, samples)
    bank.input_finished()
    features: Samples = np.stack([bank.get_frame(number) for number in range(bank.num_frames_ready)])
    features -= features.mean(axis=0)
    return features
