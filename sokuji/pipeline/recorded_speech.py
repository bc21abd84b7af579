"""Recorded speech: the pipeline for audio that is complete when the request arrives.

A recording is divided into utterances like live speech. A bounded number of utterances is processed
concurrently, and results come in their order, so that a caller sees the progress of a long recording. Where
the language is detected, the longest of the first utterances is recognised before all others.
"""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
)
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sokuji.audio.endpointing import Utterance
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings
from sokuji.contract import Transcript, TranslatedText
from sokuji.errors import SokujiError
from sokuji.pipeline.heard_languages import NO_PRIOR, HeardLanguages
from sokuji.pipeline.language_candidates import candidates
from sokuji.pipeline.pipeline import Pipeline

T = TypeVar("T")
R = TypeVar("R")
SLICE_BYTES = 10 * 2 * RECOGNISER_RATE
"""10 s of audio."""
_FIRST_MS = 10_000
"""Speech at the begin of a recording whose longest utterance shows its language."""


@dataclass(frozen=True, slots=True)
class RecordedUtterance:
    """One utterance of a recording; ``translation`` is None if none was requested. Times in milliseconds."""

    transcript: Transcript
    translation: TranslatedText | None
    start_ms: int
    end_ms: int
    snr_db: float | None
    """Signal-to-noise ratio, as in ``endpointing.Utterance``."""


async def utterances(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[Utterance, None]:
    """The utterances of a recording (mono int16 PCM at 16 kHz), in order; none if there is no speech."""
    detector = UtteranceDetector(settings)
    detector.configure(RECOGNISER_RATE, channels=1)
    # In slices, so that the first utterance comes early and live sessions get the thread pool in between.
    for start in range(0, len(pcm), SLICE_BYTES):
        for event in await asyncio.to_thread(detector.push, pcm[start : start + SLICE_BYTES]):
            if isinstance(event, Utterance):
                yield event
    for event in await asyncio.to_thread(detector.flush):
        if isinstance(event, Utterance):
            yield event


async def interpret(
    pipeline: Pipeline,
    pcm: bytes,
    *,
    source: str | None,
    named: Collection[str] = (),
    target: str | None,
    segmentation: SegmentationSettings,
    concurrency: int,
    gate: AbstractAsyncContextManager[object] | None = None,
) -> AsyncGenerator[RecordedUtterance, None]:
    """Recognise and, where ``target`` is given, translate a recording, utterance by utterance.

    Args:
        pcm: mono int16 at 16 kHz.
        source: canonical code; None: detect it for each utterance.
        named: the candidates of the detection; none: all languages with a route to ``target``.
        target: canonical code; None: do not translate.
        segmentation: how the recording is divided into utterances.
        concurrency: number of utterances that are processed at the same time.
        gate: held while an utterance is processed, to limit all recordings together.

    Raises:
        SokujiError: see ``Pipeline.recognise`` and ``Pipeline.translate_speech``; the utterances before the
            one that failed have been yielded.
    """

    possible = candidates(pipeline.catalogue, named, () if target is None else (target,))
    slot = gate or nullcontext()
    recogniser = _RecordingRecogniser(pipeline, source, possible, slot)

    def process(utterance: Utterance) -> Awaitable[RecordedUtterance | None]:
        recognise = recogniser.recognition(utterance)
        return _process(pipeline, utterance, recognise, target, slot)

    async with (
        aclosing(utterances(pcm, segmentation)) as detected,
        aclosing(recogniser.prepared(detected)) as prepared,
        aclosing(in_order(prepared, process, concurrency)) as results,
    ):
        async for result in results:
            if result is not None:
                recogniser.note(result)
                yield result


class _RecordingRecogniser:
    """Recognises the utterances of one recording, and owns the languages heard in it.

    Results come in order, and ``recognition`` takes what has been noted when it is called: the languages
    detected do not depend on how long any utterance takes.

    Args:
        possible: candidates of detection, as for ``HeardLanguages.prior``.
        gate: held while an utterance is recognised before its turn.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        source: str | None,
        possible: Mapping[str, float],
        gate: AbstractAsyncContextManager[object],
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._possible = possible
        self._gate = gate
        self._heard = HeardLanguages()
        self._early: tuple[Utterance, Transcript | SokujiError] | None = None
        """An utterance that was recognised before its turn, and what came of it."""

    async def prepared(self, detected: AsyncIterator[Utterance]) -> AsyncGenerator[Utterance, None]:
        """The same utterances; where the language is not known, the longest of the first is recognised first.

        It is the one whose language is the surest, and a recording may begin with a short answer.
        """
        first: list[Utterance] = []
        if self._source is None:
            async for utterance in detected:
                first.append(utterance)
                if sum(each.end_ms - each.start_ms for each in first) >= _FIRST_MS:
                    break
        if len(first) > 1:
            await self._recognise_early(max(first, key=lambda each: each.end_ms - each.start_ms))
        for utterance in first:
            yield utterance
        async for utterance in detected:
            yield utterance

    async def _recognise_early(self, utterance: Utterance) -> None:
        outcome: Transcript | SokujiError
        try:
            async with self._gate:
                outcome = await self.recognition(utterance)()
        except SokujiError as error:
            outcome = error
        else:
            self._hear(outcome, utterance.end_ms - utterance.start_ms)
        self._early = utterance, outcome

    def recognition(self, utterance: Utterance) -> Callable[[], Awaitable[Transcript]]:
        """What recognises an utterance."""
        if self._early is not None and self._early[0] is utterance:
            return partial(_known, self._early[1])
        prior = NO_PRIOR if self._source else self._heard.prior(self._possible)
        return partial(self._pipeline.recognise, utterance.pcm, self._source, language_prior=prior)

    def note(self, result: RecordedUtterance) -> None:
        """Remember the language of a result; results come in order."""
        if self._early is None or result.transcript is not self._early[1]:
            self._hear(result.transcript, result.end_ms - result.start_ms)

    def _hear(self, transcript: Transcript, duration_ms: int) -> None:
        if transcript.text:
            self._heard.add(transcript.language, duration_ms)


async def _known(outcome: Transcript | SokujiError) -> Transcript:
    if isinstance(outcome, SokujiError):
        raise outcome
    return outcome


async def _process(
    pipeline: Pipeline,
    utterance: Utterance,
    recognise: Callable[[], Awaitable[Transcript]],
    target: str | None,
    gate: AbstractAsyncContextManager[object],
) -> RecordedUtterance | None:
    """The recognised and translated utterance; None if the recogniser finds no speech in it."""
    async with gate:
        transcript = await recognise()
        if not transcript.text:
            return None
        translation = None
        if target is not None:
            translation = await pipeline.translate_speech(transcript, utterance.pcm, target)
    return RecordedUtterance(transcript, translation, utterance.start_ms, utterance.end_ms, utterance.snr_db)


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
