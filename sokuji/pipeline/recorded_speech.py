"""Recorded speech: the pipeline for audio that is complete when the request arrives.

A recording is divided into utterances like live speech. A bounded number of utterances is processed
concurrently, and results come in their order, so that a caller sees the progress of a long recording.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from sokuji.audio.endpointing import SegmentEvent, SpeechStarted, SpeechStopped, Utterance
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings
from sokuji.contract import Transcript, TranslatedText
from sokuji.pipeline.pipeline import Pipeline

T = TypeVar("T")
R = TypeVar("R")
SLICE_BYTES = 10 * 2 * RECOGNISER_RATE
"""10 s of audio."""


@dataclass(frozen=True, slots=True)
class DetectedSpeech:
    """An utterance of a recording, and from when to when voice activity was found in it."""

    utterance: Utterance
    speech_start_ms: int
    speech_end_ms: int


@dataclass(frozen=True, slots=True)
class RecordedUtterance:
    """One utterance of a recording; ``translation`` is None if none was requested. Times in milliseconds."""

    transcript: Transcript
    translation: TranslatedText | None
    start_ms: int
    end_ms: int
    snr_db: float | None
    """Signal-to-noise ratio, as in ``endpointing.Utterance``."""
    speech_start_ms: int
    speech_end_ms: int
    """From when to when voice activity was found; the audio begins before and ends after."""


async def utterances(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[DetectedSpeech, None]:
    """The utterances of a recording (mono int16 PCM at 16 kHz), in order; none if there is no speech."""
    started_ms = stopped_ms = 0
    async for event in _segment_events(pcm, settings):
        match event:
            case SpeechStarted(at_ms=at_ms):
                started_ms = at_ms
            case SpeechStopped(at_ms=at_ms):
                stopped_ms = at_ms
            case Utterance():
                yield DetectedSpeech(event, started_ms, stopped_ms)


async def _segment_events(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[SegmentEvent, None]:
    detector = UtteranceDetector(settings)
    detector.configure(RECOGNISER_RATE, channels=1)
    # In slices, so that the first utterance comes early and live sessions get the thread pool in between.
    for start in range(0, len(pcm), SLICE_BYTES):
        for event in await asyncio.to_thread(detector.push, pcm[start : start + SLICE_BYTES]):
            yield event
    for event in await asyncio.to_thread(detector.flush):
        yield event


async def interpret(
    pipeline: Pipeline,
    pcm: bytes,
    *,
    source: str | None,
    target: str | None,
    segmentation: SegmentationSettings,
    concurrency: int,
    word_times: bool = False,
    gate: AbstractAsyncContextManager[object] | None = None,
) -> AsyncGenerator[RecordedUtterance, None]:
    """Recognise and, where ``target`` is given, translate a recording, utterance by utterance.

    Args:
        pcm: mono int16 at 16 kHz.
        source: canonical code; None: detect it for each utterance.
        target: canonical code; None: do not translate.
        segmentation: how the recording is divided into utterances.
        concurrency: number of utterances that are processed at the same time.
        word_times: whether to time words, where the recogniser can.
        gate: held while an utterance is processed, to limit all recordings together.

    Raises:
        SokujiError: see ``Pipeline.recognise`` and ``Pipeline.translate_speech``; the utterances before the
            one that failed have been yielded.
    """

    async def process(speech: DetectedSpeech) -> RecordedUtterance | None:
        async with gate or nullcontext():
            return await _process(pipeline, speech, source, target, word_times)

    detected = utterances(pcm, segmentation)
    async with aclosing(detected), aclosing(in_order(detected, process, concurrency)) as results:
        async for result in results:
            if result is not None:
                yield result


async def _process(
    pipeline: Pipeline, speech: DetectedSpeech, source: str | None, target: str | None, word_times: bool
) -> RecordedUtterance | None:
    """The recognised and translated utterance; None if the recogniser finds no speech in it."""
    utterance = speech.utterance
    transcript = await pipeline.recognise(utterance.pcm, source, word_times=word_times)
    if not transcript.text:
        return None
    translation = None
    if target is not None:
        translation = await pipeline.translate_speech(transcript, utterance.pcm, target)
    return RecordedUtterance(
        transcript,
        translation,
        utterance.start_ms,
        utterance.end_ms,
        utterance.snr_db,
        speech.speech_start_ms,
        speech.speech_end_ms,
    )


async def in_order(
    items: AsyncIterator[T], process: Callable[[T], Awaitable[R]], concurrency: int
) -> AsyncGenerator[R, None]:
    """The results of ``process`` in the order of the items, of which ``concurrency`` run at a time."""
    running: deque[asyncio.Future[R]] = deque()
    try:
        async for item in items:
            running.append(asyncio.ensure_future(process(item)))
            if len(running) == concurrency:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
