"""The utterances of a recording, found by voice activity as in live speech.

In a recording the recogniser can have more context than in live speech: a word or two close to other speech
are recognised together with it. Alone, dictated digits are taken for other words.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.segment_events import SegmentEvent, SpeechStarted, SpeechStopped, Utterance
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings

SLICE_BYTES = 10 * 2 * RECOGNISER_RATE
"""10 s of audio."""
SHORT_MS = 900
"""Shorter speech is joined to its neighbours. With 1,500 ms the decoder dropped some repeated phrases."""
CLOSE_MS = 800
"""The longest silence across which it is joined."""
JOINED_MS = 12_000
"""The longest audio that is joined."""


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

    @property
    def speech_ms(self) -> int:
        """From the begin of the speech to its end."""
        return self.speech_end_ms - self.speech_start_ms


async def utterances(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[DetectedSpeech, None]:
    """The utterances of a recording (mono int16 PCM at 16 kHz), in order; none if there is no speech."""
    async with aclosing(_detected(pcm, settings)) as detected:
        waiting: DetectedSpeech | None = None
        async for speech in detected:
            if waiting is not None and _belong_together(waiting, speech):
                waiting = _joined(waiting, speech, pcm)
            else:
                if waiting is not None:
                    yield waiting
                waiting = speech
        if waiting is not None:
            yield waiting


def _belong_together(one: DetectedSpeech, following: DetectedSpeech) -> bool:
    return (
        following.speech_start_ms - one.speech_end_ms <= CLOSE_MS
        and min(one.speech_ms, following.speech_ms) < SHORT_MS
        and following.utterance.end_ms - one.utterance.start_ms <= JOINED_MS
    )


def _joined(one: DetectedSpeech, following: DetectedSpeech, pcm: bytes) -> DetectedSpeech:
    start_ms, end_ms = one.utterance.start_ms, following.utterance.end_ms
    levels = [each.utterance.snr_db for each in (one, following) if each.utterance.snr_db is not None]
    utterance = replace(
        one.utterance,
        pcm=pcm[_byte_offset(start_ms) : _byte_offset(end_ms)],
        end_ms=end_ms,
        cut=following.utterance.cut,
        snr_db=min(levels, default=None),
    )
    return DetectedSpeech(utterance, one.speech_start_ms, following.speech_end_ms)


def _byte_offset(at_ms: int) -> int:
    """The offset of a time in mono int16 PCM at 16 kHz."""
    return 2 * (RECOGNISER_RATE * at_ms // 1_000)


async def _detected(pcm: bytes, settings: SegmentationSettings) -> AsyncGenerator[DetectedSpeech, None]:
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
