"""Tells speakers apart with two small networks: CAM++ and pyannote's segmentation 3.0.

The segmentation network finds the turns in ten seconds of speech at a time. CAM++ gives the voice of each
turn as a vector; it also compares the pieces of long turns, because the segmentation misses some changes
between speakers who leave no pause. Both networks are built from PyTorch's checkpoints when they are
loaded, and run on ONNX Runtime; PyTorch is not needed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sokuji import models
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import CampPlusConfig, Settings, check_live
from sokuji.contract import DiarizationRequest, DiarizerInfo, SpeakerTurn, SpeakerTurns
from sokuji.errors import InvalidRequest, ProviderUnavailable, SokujiError
from sokuji.providers.batching import Batcher
from sokuji.providers.isolation import process_each
from sokuji.providers.jobs import Job
from sokuji.providers.speakers.campplus.networks import Networks, Samples
from sokuji.providers.speakers.campplus.turn_boundaries import (
    SampleSpan,
    joined,
    split_at_changes,
    turns,
    windows,
)

MODEL = "campplus-zh-en+pyannote-segmentation-3.0"
CHUNK = 10 * RECOGNISER_RATE
"""Samples for which the segmentation network has been trained."""
BATCH_SIZE = 8
"""Pieces of speech of the same length, of all callers, that are computed together at most."""
MIN_SAMPLES = RECOGNISER_RATE // 10
"""Less speech has no voice that could be described."""


_NO_VOICES = np.empty((0, 0), np.float32)


class CampPlus:
    """A ``Diarizer`` (``sokuji.contract``) with embedded models."""

    def __init__(self, config: CampPlusConfig) -> None:
        self.config = config
        self._batcher = Batcher("campplus", workers=config.num_workers, batch_size=BATCH_SIZE)
        self._networks: Networks | None = None

    async def load(self) -> None:
        """Load both networks, and run them once.

        Raises:
            ModelMissing: the model files are absent or damaged.
        """
        await asyncio.to_thread(self._load)
        await self.check()

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        self._batcher.resize(config.num_workers)

    async def describe(self) -> DiarizerInfo:
        """The models, and how similar the voices of one speaker are."""
        return DiarizerInfo(
            provider=self.config.provider,
            model=MODEL,
            workers=self._batcher.report(),
        )

    async def diarize(self, requests: Sequence[DiarizationRequest]) -> list[SpeakerTurns | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("speaker diarization", requests, self._diarize_one)

    async def check(self) -> None:
        """Tell the speakers of a tenth of a second apart."""
        await self._batcher.run(self._job(np.zeros(MIN_SAMPLES, np.float32)))

    async def aclose(self) -> None:
        """Free the models and the threads."""
        self._networks = None
        self._batcher.shutdown()

    def _load(self) -> None:
        self._networks = Networks(
            models.locate("speaker-embedding", "campplus-zh-en"),
            models.locate("speaker-segmentation", "pyannote-3.0"),
            cpu_threads=self.config.cpu_threads,
        )

    async def _diarize_one(self, request: DiarizationRequest) -> SpeakerTurns:
        if len(request.pcm) % 2 or len(request.pcm) < 2 * MIN_SAMPLES:
            raise InvalidRequest("pcm must be at least 100 ms of 16-bit samples", param="pcm")
        samples: Samples = np.frombuffer(request.pcm, "<i2").astype(np.float32) / np.float32(32_768)
        result = await self._batcher.run(self._job(samples), request)
        return SpeakerTurns(turns=result.value, same_speaker=self.config.same_speaker, effort=result.effort)

    def _job(self, samples: Samples) -> Job[tuple[SpeakerTurn, ...]]:
        networks = self._networks
        if networks is None:
            raise ProviderUnavailable("the diarizer is not loaded")
        chunks: list[list[SampleSpan]] = []
        for chunk in _chunks(len(samples)):
            scores = yield _Segmentation(samples[chunk.start : chunk.end], networks)
            chunks.append([each.shifted(chunk.start) for each in turns(scores, chunk.length)])
        found: list[SpeakerTurn] = []
        for span in joined(chunks):
            pieces = windows(span)
            voices = (yield _Embedding(_cut(samples, pieces), networks)) if pieces else _NO_VOICES
            for part in split_at_changes(span, pieces, voices, samples):
                # Less than this has no voice that could be described; the request has as much.
                heard = part if part.length >= MIN_SAMPLES else SampleSpan(0, len(samples))
                (voice,) = yield _Embedding(_cut(samples, [heard]), networks)
                found.append(_turn(part, voice))
        return tuple(found)


def _chunks(length: int) -> list[SampleSpan]:
    """Equal parts of at most ``CHUNK`` samples."""
    count = max(1, -(-length // CHUNK))
    edges = [length * number // count for number in range(count + 1)]
    return [SampleSpan(start, end) for start, end in pairwise(edges)]


def _cut(samples: Samples, spans: Sequence[SampleSpan]) -> list[Samples]:
    return [samples[span.start : span.end] for span in spans]


def _turn(span: SampleSpan, voice: NDArray[np.float32]) -> SpeakerTurn:
    start_ms, end_ms = (1_000 * edge // RECOGNISER_RATE for edge in (span.start, span.end))
    return SpeakerTurn(start_ms, end_ms, voice.astype("<f4").tobytes())


@dataclass(frozen=True, slots=True, eq=False)
class _Segmentation:
    """Scores of one chunk; chunks differ in length, so each is computed alone."""

    samples: Samples
    networks: Networks
    batch_key = None
    max_batch_size = 1
    optional = False

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[Any]:
        """See ``Computation``."""
        return [each.networks.segment(each.samples) for each in batch]


@dataclass(frozen=True, slots=True, eq=False)
class _Embedding:
    """The voices in pieces of speech of one length."""

    pieces: Sequence[Samples]
    networks: Networks
    max_batch_size = 64
    optional = False

    @property
    def batch_key(self) -> int:
        """Pieces of the same length can be computed together."""
        return len(self.pieces[0])

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[Any]:
        """See ``Computation``."""
        voices = batch[0].networks.embed([piece for each in batch for piece in each.pieces])
        return np.split(voices, np.cumsum([len(each.pieces) for each in batch])[:-1])
