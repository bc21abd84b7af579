"""Recorded speech: the pipeline for audio that is complete when the request arrives.

A recording is divided into utterances like live speech. A bounded number of utterances is processed
concurrently, and results come in their order, so that a caller sees the progress of a long recording. Where
the language is detected, the longest of the first utterances is recognised before all others.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from sokuji.config import SegmentationSettings
from sokuji.contract import Transcript, TranslatedText
from sokuji.errors import NotRecognised
from sokuji.pipeline.caller import never
from sokuji.pipeline.detected_speech import DetectedSpeech, utterances
from sokuji.pipeline.diarization import SpeakerPart
from sokuji.pipeline.language_candidates import candidates
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_turns import RecordedTurn, recorded_turns
from sokuji.pipeline.recording_recogniser import RecordingRecogniser
from sokuji.pipeline.speaker_labels import SpeakerLabels

T = TypeVar("T")
R = TypeVar("R")


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
    speaker: str | None = None
    """Label of who speaks; None: not asked for, or not known."""


@dataclass(frozen=True, slots=True)
class UnrecognisedSpeech:
    """Speech of a recording in which no recogniser found words; times in milliseconds."""

    start_ms: int
    end_ms: int


async def interpret(
    pipeline: Pipeline,
    pcm: bytes,
    *,
    source: str | None,
    named: Collection[str] = (),
    target: str | None,
    segmentation: SegmentationSettings,
    concurrency: int,
    word_times: bool = False,
    context: str = "",
    gate: AbstractAsyncContextManager[object] | None = None,
    speakers: SpeakerLabels | None = None,
) -> AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]:
    """Recognise and, where ``target`` is given, translate a recording, utterance by utterance.

    Args:
        pcm: mono int16 at 16 kHz.
        source: canonical code; None: detect it for each utterance.
        named: the candidates of the detection; none: all languages with a route to ``target``.
        target: canonical code; None: do not translate.
        segmentation: how the recording is divided into utterances.
        concurrency: number of utterances that are processed at the same time.
        word_times: whether to time words, where the recogniser can.
        context: names and words likely to be spoken, for recognisers that take them.
        speakers: labels the speakers; an utterance of several becomes one for each turn. None: they are not
            told apart.
        gate: held while an utterance is processed, to limit all recordings together.

    Raises:
        SokujiError: see ``Pipeline.recognise`` and ``Pipeline.translate_speech``; the utterances before the
            one that failed have been yielded.
    """

    # A recording gives way to live speech, whoever has it interpreted.
    pipeline = pipeline.on_behalf_of(replace(pipeline.caller, is_live=never))
    possible = candidates(pipeline.catalogue, named, () if target is None else (target,))
    slot = gate or nullcontext()
    recogniser = RecordingRecogniser(
        pipeline, source, possible, slot, word_times=word_times, context=context, diarize=speakers is not None
    )

    def process(speech: DetectedSpeech) -> Awaitable[_Recognised | UnrecognisedSpeech]:
        return _process(pipeline, speech, recogniser.recognition(speech), target, slot)

    async with (
        aclosing(utterances(pcm, segmentation)) as detected,
        aclosing(recogniser.prepared(detected)) as prepared,
        aclosing(in_order(prepared, process, concurrency)) as results,
    ):
        async for result in results:
            if isinstance(result, UnrecognisedSpeech):
                yield result
                continue
            recogniser.note(result.transcript, result.duration_ms)
            for utterance, part in result.turns:
                speaker = speakers.label(part, result.transcript) if speakers and part else None
                yield replace(utterance, speaker=speaker)


@dataclass(frozen=True, slots=True)
class _Recognised:
    """An utterance as it was recognised, and its turns."""

    transcript: Transcript
    duration_ms: int
    turns: list[tuple[RecordedUtterance, SpeakerPart | None]]


async def _process(
    pipeline: Pipeline,
    speech: DetectedSpeech,
    recognise: Callable[[], Awaitable[Transcript]],
    target: str | None,
    gate: AbstractAsyncContextManager[object],
) -> _Recognised | UnrecognisedSpeech:
    """The recognised and translated utterance; one without words does not fail the recording."""
    async with gate:
        try:
            transcript = await recognise()
        except NotRecognised:
            return UnrecognisedSpeech(speech.speech_start_ms, speech.speech_end_ms)
        turns = [
            (await _translated(pipeline, turn, target, speech.utterance.snr_db), turn.part)
            for turn in recorded_turns(speech, transcript)
        ]
    return _Recognised(transcript, speech.duration_ms, turns)


async def _translated(
    pipeline: Pipeline, turn: RecordedTurn, target: str | None, snr_db: float | None
) -> RecordedUtterance:
    translation = None
    if target is not None:
        translation = await pipeline.translate_speech(turn.transcript, turn.pcm, target)
    return RecordedUtterance(
        turn.transcript,
        translation,
        turn.start_ms,
        turn.end_ms,
        snr_db,
        turn.speech_start_ms,
        turn.speech_end_ms,
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
