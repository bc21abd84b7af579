"""The network of a Piper voice, divided so that the start of a phrase is ready before the rest of it.

A voice is a VITS model: a text encoder and a flow compute latent frames of the whole phrase, which takes a
third of the time, and a HiFi-GAN decoder computes samples from them. The decoder's receptive field is a few
frames, so that it can decode the frames in parts. Each part is decoded with enough context frames at both
ends, which are discarded afterwards, that the result equals the phrase decoded as a whole.

The model draws random numbers in two places. In the divided model they are inputs, drawn from a generator
that is seeded with the phrase, so that a phrase sounds the same each time and on every replica.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from sokuji.providers.onnx_session import open_session_on
from sokuji.providers.tts.piper.plane_convolutions import rewrite_convolutions
from sokuji.providers.tts.piper.vits_graph import DividedGraph, UnsupportedGraph, divide_graph
from sokuji.providers.tts.waveform_chunks import Waveform, WaveformPart

FIRST_FRAMES = 24
"""Latent frames of the first part of a phrase: about 0.3 s of speech, computed in about 30 ms on one core."""
GROWTH = 3
LONGEST_FRAMES = 144
"""Longer parts would spend less time on context, but let other requests wait longer."""
SLACK = 1.25
"""A part is not cut up to this multiple of its length, so that no very short rest remains."""
CONTEXTS = (10, 12, 14, 16, 24)
"""Context frames at each end; the smallest sufficient number is determined by trial. It is 10 for voices of
medium quality and, by the kernel sizes, 14 for those of high quality."""
TOLERANCE = 1e-5
"""Greatest difference to the phrase decoded as a whole (full scale is 1): far below the last of 16 bits."""

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

    def speak(self, ids: Sequence[int], style: SpeakingStyle) -> Iterator[WaveformPart]:
        """The waveform of one phrase, given as phoneme ids, part by part."""


class UndividedVits:
    """A voice whose model is used as it is: each phrase is one part."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def speak(self, ids: Sequence[int], style: SpeakingStyle) -> Iterator[WaveformPart]:
        """See ``VitsModel``; the random numbers are the runtime's own."""
        yield WaveformPart(self._session.run(None, _inputs(ids, style))[0].reshape(-1), True)


class DividedVits:
    """A voice divided in three models: text encoder, flow and decoder.

    Raises:
        UnsupportedGraph: phrases decoded in parts differ from phrases decoded as a whole.
    """

    def __init__(self, graph: DividedGraph, sessions: Sequence[onnxruntime.InferenceSession]) -> None:
        self._graph = graph
        self._text, self._flow, self._decoder = sessions
        latent = self._latent(
            range(1, 20), SpeakingStyle(0.667, 1.0, 0.8, None if graph.speaker is None else 0)
        )
        self._context = self._sufficient_context(latent)

    def speak(self, ids: Sequence[int], style: SpeakingStyle) -> Iterator[WaveformPart]:
        """See ``VitsModel``."""
        latent = self._latent(ids, style)
        yield from self.decode(latent)

    def decode(self, latent: Tensors) -> Iterator[WaveformPart]:
        """The samples of latent frames, part by part."""
        total = latent[self._graph.latent].shape[2]
        for start, end in spans(total):
            yield WaveformPart(self._decode_span(latent, start, end, self._context), end == total)

    def _latent(self, ids: Sequence[int], style: SpeakingStyle) -> Tensors:
        """The latent frames, shape (1, channels, frames), and the other inputs of the decoder."""
        random = np.random.default_rng(list(ids))
        tensors: dict[str, NDArray[Any]] = dict(_inputs(ids, style))
        tensors[self._graph.rhythm] = random.standard_normal((1, 2, len(ids)), np.float32)
        tensors |= _run(self._text, tensors)
        tensors[self._graph.noise] = random.standard_normal(tensors[self._graph.like].shape, np.float32)
        return tensors | _run(self._flow, tensors)

    def _decode_span(self, latent: Tensors, start: int, end: int, context: int) -> Waveform:
        frames = latent[self._graph.latent]
        left, right = min(context, start), min(context, frames.shape[2] - end)
        part = np.ascontiguousarray(frames[:, :, start - left : end + right])
        (samples,) = _run(self._decoder, {**latent, self._graph.latent: part}).values()
        hop, rest = divmod(samples.size, part.shape[2])
        if rest:
            raise UnsupportedGraph("the decoder makes no whole number of samples for each frame")
        waveform: Waveform = samples.reshape(-1)[left * hop : samples.size - right * hop]
        return waveform

    def _sufficient_context(self, latent: Tensors) -> int:
        total = latent[self._graph.latent].shape[2]
        whole = self._decode_span(latent, 0, total, 0)
        for context in CONTEXTS:
            parts = [self._decode_span(latent, start, end, context) for start, end in spans(total)]
            if np.abs(np.concatenate(parts) - whole).max() < TOLERANCE:
                return context
        raise UnsupportedGraph("its decoder needs more context than expected")


def open_voice(path: Path, *, device: Literal["cpu", "cuda"], cpu_threads: int) -> VitsModel:
    """The voice at ``path``, divided if its graph allows.

    Raises:
        ConfigError, ModelMissing: as ``open_session_on``.
    """
    try:
        graph = divide_graph(onnx.load(path))
        text, flow, decoder = graph.models
        # The other two gain hardly anything by it.
        models = (text, flow, _over_planes(decoder) if device == "cpu" else decoder)
        sessions = [open_session_on(device, model, cpu_threads=cpu_threads) for model in models]
        return DividedVits(graph, sessions)
    # An unknown graph may fail anywhere, and the runtime's exception classes share no public base.
    except Exception as error:
        voice = UndividedVits(open_session_on(device, path, cpu_threads=cpu_threads))
        _log.warning("%s is synthesised in whole phrases, not in parts: %s", path.stem, error)
        return voice


def _over_planes(serialised: bytes) -> bytes:
    """A model whose convolutions run faster on a CPU."""
    model = onnx.load_from_string(serialised)
    rewrite_convolutions(model)
    return bytes(model.SerializeToString())


def spans(total: int) -> Iterator[tuple[int, int]]:
    """Divide ``total`` frames into parts: (start, end) of each."""
    start, length = 0, FIRST_FRAMES
    while start < total:
        end = total if total - start <= length * SLACK else start + length
        yield start, end
        start, length = end, min(length * GROWTH, LONGEST_FRAMES)


def _inputs(ids: Sequence[int], style: SpeakingStyle) -> dict[str, NDArray[Any]]:
    scales = np.array([style.noise_scale, style.length_scale, style.noise_w_scale], np.float32)
    speaker = {} if style.speaker is None else {"sid": np.array([style.speaker], np.int64)}
    return {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": scales,
        **speaker,
    }


def _run(session: onnxruntime.InferenceSession, tensors: Tensors) -> dict[str, NDArray[Any]]:
    inputs = {each.name: tensors[each.name] for each in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))
