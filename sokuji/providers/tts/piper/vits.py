"""The network of a Piper voice, cut so that a phrase is heard while the rest of it is still being made.

A voice is a VITS model: a text encoder and a flow make latent frames of the whole phrase, which takes a third
of the time, and a HiFi-GAN decoder makes samples of them. The decoder sees only a few frames around each
one, so that it can work through the latent frames piece by piece; with enough frames of context at both
edges, which are thrown away afterwards, the pieces are those of the phrase decoded in one go.

The model draws random numbers in two places. The cut makes inputs of them, drawn from a generator that the
phrase itself seeds: a phrase always sounds the same, on every replica.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from sokuji.providers.tts.onnx_voice import open_session
from sokuji.providers.tts.piper.vits_graph import DividedGraph, Uncuttable, cut_voice
from sokuji.providers.tts.sound import Rendered, Waveform

FIRST_FRAMES = 24
"""Latent frames of a phrase's first piece: about 0.3 s of speech, made in some 30 ms on one core."""
GROWTH = 2
LONGEST_FRAMES = 128
"""Longer pieces would waste less on context, but other voices wait meanwhile."""
SLACK = 1.25
"""A piece this much over its length is not cut, so that no scrap is left behind."""
CONTEXTS = (10, 12, 14, 16, 24)
"""Frames that the decoder may need at either side; the first that is enough is found by trying. It is 10 for
voices of medium quality, 14 by its kernel sizes for those of high quality."""
TOLERANCE = 1e-5
"""Greatest difference between pieces and whole, full scale being 1: far below the last of 16 bits."""

Tensors: TypeAlias = Mapping[str, NDArray[Any]]

_log = logging.getLogger(__name__)


class SpeakingStyle(NamedTuple):
    """How a phrase is spoken."""

    noise_scale: float
    length_scale: float
    noise_w_scale: float
    speaker: int | None


class VitsModel(Protocol):
    """A loaded voice."""

    def speak(self, ids: Sequence[int], manner: SpeakingStyle) -> Iterator[Rendered]:
        """The waveform of one phrase, given as phoneme ids, piece by piece."""


class UndividedVits:
    """A voice as it comes: one piece for each phrase."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def speak(self, ids: Sequence[int], manner: SpeakingStyle) -> Iterator[Rendered]:
        """See ``VitsModel``; the random numbers are the runtime's own."""
        yield Rendered(self._session.run(None, _inputs(ids, manner))[0].reshape(-1), True)


class DividedVits:
    """A voice that is cut in three: text to frames, frames to latent frames, and these to samples.

    Raises:
        Uncuttable: pieces of the voice are not the whole.
    """

    def __init__(self, cut: DividedGraph, sessions: Sequence[onnxruntime.InferenceSession]) -> None:
        self._cut = cut
        self._text, self._flow, self._decoder = sessions
        latent = self._latent(
            range(1, 20), SpeakingStyle(0.667, 1.0, 0.8, None if cut.speaker is None else 0)
        )
        self._context = self._enough(latent)

    def speak(self, ids: Sequence[int], manner: SpeakingStyle) -> Iterator[Rendered]:
        """See ``VitsModel``."""
        latent = self._latent(ids, manner)
        yield from self.decode(latent)

    def decode(self, latent: Tensors) -> Iterator[Rendered]:
        """Samples of latent frames, piece by piece."""
        total = latent[self._cut.latent].shape[2]
        for start, end in spans(total):
            yield Rendered(self._decoded(latent, start, end, self._context), end == total)

    def _latent(self, ids: Sequence[int], manner: SpeakingStyle) -> Tensors:
        """The latent frames, shape (1, channels, frames), and what else the decoder takes."""
        random = np.random.default_rng(list(ids))
        known: dict[str, NDArray[Any]] = dict(_inputs(ids, manner))
        known[self._cut.rhythm] = random.standard_normal((1, 2, len(ids)), np.float32)
        known |= _run(self._text, known)
        known[self._cut.noise] = random.standard_normal(known[self._cut.like].shape, np.float32)
        return known | _run(self._flow, known)

    def _decoded(self, latent: Tensors, start: int, end: int, context: int) -> Waveform:
        frames = latent[self._cut.latent]
        left, right = min(context, start), min(context, frames.shape[2] - end)
        piece = np.ascontiguousarray(frames[:, :, start - left : end + right])
        (samples,) = _run(self._decoder, {**latent, self._cut.latent: piece}).values()
        hop, rest = divmod(samples.size, piece.shape[2])
        if rest:
            raise Uncuttable("the decoder makes no whole number of samples for each frame")
        waveform: Waveform = samples.reshape(-1)[left * hop : samples.size - right * hop]
        return waveform

    def _enough(self, latent: Tensors) -> int:
        total = latent[self._cut.latent].shape[2]
        whole = self._decoded(latent, 0, total, 0)
        for context in CONTEXTS:
            parts = [self._decoded(latent, start, end, context) for start, end in spans(total)]
            if np.abs(np.concatenate(parts) - whole).max() < TOLERANCE:
                return context
        raise Uncuttable("its decoder looks further than expected")


def open_voice(path: Path, *, device: Literal["cpu", "cuda"], cpu_threads: int) -> VitsModel:
    """The voice at ``path``, cut in pieces where that can be done.

    Raises:
        ConfigError, ModelMissing: as ``open_session`` does.
    """
    try:
        cut = cut_voice(onnx.load(path))
        return DividedVits(
            cut, [open_session(model, device=device, cpu_threads=cpu_threads) for model in cut.models]
        )
    # With a graph that is built in another way anything may fail: the runtime's errors share no public base.
    except Exception as error:
        voice = UndividedVits(open_session(path, device=device, cpu_threads=cpu_threads))
        _log.warning("%s is spoken phrase by phrase, not piece by piece: %s", path.stem, error)
        return voice


def spans(total: int) -> Iterator[tuple[int, int]]:
    """Where ``total`` frames are cut: (start, end) of each piece."""
    start, length = 0, FIRST_FRAMES
    while start < total:
        end = total if total - start <= length * SLACK else start + length
        yield start, end
        start, length = end, min(length * GROWTH, LONGEST_FRAMES)


def _inputs(ids: Sequence[int], manner: SpeakingStyle) -> dict[str, NDArray[Any]]:
    scales = np.array([manner.noise_scale, manner.length_scale, manner.noise_w_scale], np.float32)
    speaker = {} if manner.speaker is None else {"sid": np.array([manner.speaker], np.int64)}
    return {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": scales,
        **speaker,
    }


def _run(session: onnxruntime.InferenceSession, known: Tensors) -> dict[str, NDArray[Any]]:
    given = {each.name: known[each.name] for each in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))
