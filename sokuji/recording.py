"""One recording in, one translated recording out: the pipeline for audio that is there as a whole.

The recording is cut into utterances like live speech; a bounded number of them is worked on at the same
time and results come in order, so that a long file shows its progress and one failure names its place.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sokuji.audio import RECOGNISER_RATE
from sokuji.config import SegmentationSettings
from sokuji.pipeline import Pipeline
from sokuji.providers.base import Transcript
from sokuji.segmentation import FRAME_MS, FRAME_SAMPLES, Segmenter, Utterance
from sokuji.vad import SileroVad

T = TypeVar("T")
R = TypeVar("R")
FRAME_BYTES = 2 * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class RecordedUtterance:
    """One utterance of a recording; ``translation`` is None where none was asked for."""

    transcript: Transcript
    translation: str | None
    start_ms: int
    end_ms: int


def utterances(pcm: bytes, settings: SegmentationSettings) -> list[Utterance]:
    """Cut mono int16 PCM at 16 kHz into utterances. Blocking: runs the voice activity model.

    Returns:
        Utterances in order; empty where nobody speaks.
    """
    vad = SileroVad()
    segmenter = Segmenter(settings)
    found: list[Utterance] = []
    for start in range(0, len(pcm), FRAME_BYTES):
        frame = pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        at_ms = start // FRAME_BYTES * FRAME_MS
        events = segmenter.push(frame, vad.probability(frame), at_ms)
        found += [event for event in events if isinstance(event, Utterance)]
    found += [event for event in segmenter.flush() if isinstance(event, Utterance)]
    return found


async def interpret(
    pipeline: Pipeline,
    pcm: bytes,
    *,
    source: str | None,
    target: str | None,
    segmentation: SegmentationSettings,
    concurrency: int,
) -> AsyncGenerator[RecordedUtterance, None]:
    """Recognise and, where ``target`` is given, translate a recording, utterance by utterance.

    Args:
        pcm: mono int16 at 16 kHz.
        source: canonical code; None: detect it for each utterance.
        concurrency: utterances worked on at the same time.
    """
    pieces = await asyncio.to_thread(utterances, pcm, segmentation)

    async def work(piece: Utterance) -> RecordedUtterance | None:
        transcript = await pipeline.recognise(piece.pcm, source)
        if not transcript.text:
            return None
        translation = None
        if target is not None:
            translation = await pipeline.translate_speech(transcript, piece.pcm, target)
        return RecordedUtterance(transcript, translation, piece.start_ms, piece.end_ms)

    async for result in in_order(pieces, work, concurrency):
        if result is not None:
            yield result


async def in_order(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], concurrency: int
) -> AsyncIterator[R]:
    """``work`` on every item, ``concurrency`` at a time; results in the order of the items."""
    running: deque[asyncio.Future[R]] = deque()
    try:
        for item in items:
            running.append(asyncio.ensure_future(work(item)))
            if len(running) == concurrency:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()


def seconds(pcm: bytes) -> float:
    """Duration of mono int16 PCM at 16 kHz."""
    return len(pcm) / 2 / RECOGNISER_RATE
