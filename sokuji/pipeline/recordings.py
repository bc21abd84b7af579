"""One recording in, one translated recording out: the pipeline for audio that is there as a whole.

The recording is cut into utterances like live speech; a bounded number of them is worked on at the same
time and results come in order, so that a long file shows its progress and one failure names its place.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from sokuji.audio.endpointing import Utterance
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings
from sokuji.contract import Transcript, TranslatedText
from sokuji.pipeline.pipeline import Pipeline

T = TypeVar("T")
R = TypeVar("R")
SLICE_BYTES = 10 * 2 * RECOGNISER_RATE


@dataclass(frozen=True, slots=True)
class RecordedUtterance:
    """One utterance of a recording; ``translation`` is None where none was asked for."""

    transcript: Transcript
    translation: TranslatedText | None
    start_ms: int
    end_ms: int
    snr_db: float | None
    """As in ``segmentation.Utterance``."""


async def utterances(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[Utterance, None]:
    """Cut mono int16 PCM at 16 kHz into utterances, in order; none where nobody speaks."""
    listener = UtteranceDetector(settings)
    listener.configure(RECOGNISER_RATE, channels=1)
    # Slice by slice: the first utterance is there early, and a long file leaves threads to live sessions.
    for start in range(0, len(pcm), SLICE_BYTES):
        for event in await asyncio.to_thread(listener.push, pcm[start : start + SLICE_BYTES]):
            if isinstance(event, Utterance):
                yield event
    for event in await asyncio.to_thread(listener.flush):
        if isinstance(event, Utterance):
            yield event


async def interpret(
    pipeline: Pipeline,
    pcm: bytes,
    *,
    source: str | None,
    target: str | None,
    segmentation: SegmentationSettings,
    concurrency: int,
    gate: AbstractAsyncContextManager[object] | None = None,
) -> AsyncGenerator[RecordedUtterance, None]:
    """Recognise and, where ``target`` is given, translate a recording, utterance by utterance.

    Args:
        pcm: mono int16 at 16 kHz.
        source: canonical code; None: detect it for each utterance.
        concurrency: utterances worked on at the same time.
        gate: held while an utterance is worked on; recordings that share one share its places.
    """

    async def work(piece: Utterance) -> RecordedUtterance | None:
        async with gate or nullcontext():
            return await interpreted(piece)

    async def interpreted(piece: Utterance) -> RecordedUtterance | None:
        transcript = await pipeline.recognise(piece.pcm, source)
        if not transcript.text:
            return None
        translation = None
        if target is not None:
            translation = await pipeline.translate_speech(transcript, piece.pcm, target)
        return RecordedUtterance(transcript, translation, piece.start_ms, piece.end_ms, piece.snr_db)

    pieces = utterances(pcm, segmentation)
    async with aclosing(pieces), aclosing(in_order(pieces, work, concurrency)) as results:
        async for result in results:
            if result is not None:
                yield result


async def in_order(
    items: AsyncIterator[T], work: Callable[[T], Awaitable[R]], concurrency: int
) -> AsyncGenerator[R, None]:
    """``work`` on every item, ``concurrency`` at a time; results in the order of the items."""
    running: deque[asyncio.Future[R]] = deque()
    try:
        async for item in items:
            running.append(asyncio.ensure_future(work(item)))
            if len(running) == concurrency:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
