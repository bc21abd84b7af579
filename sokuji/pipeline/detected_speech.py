"""The utterances of a recording, found by voice activity as in live speech."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from sokuji.audio.endpointing import SegmentEvent, SpeechStarted, SpeechStopped, Utterance
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings

SLICE_BYTES = 10 * 2 * RECOGNISER_RATE
"""10 s of audio."""


@dataclass(frozen=True, slots=True)
class DetectedSpeech:
    """An utterance of a recording, and from when to when voice activity was found in it."""

    utterance: Utterance
    speech_start_ms: int
    speech_end_ms: int

    @property
    def duration_ms(self) -> int:
        """Of the audio, which begins before the speech and ends after it."""
        return self.utterance.end_ms - self.utterance.start_ms


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
