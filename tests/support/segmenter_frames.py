"""Numbered audio frames, and a stream that feeds them to a segmenter."""

from collections.abc import Iterable

import numpy as np

from sokuji.audio.endpointing import Segmenter
from sokuji.audio.frames import FRAME_MS, FRAME_SAMPLES
from sokuji.audio.segment_events import SegmentEvent, SpeechPaused, SpeechResumed, Utterance
from sokuji.config import SegmentationSettings

FRAME_BYTES = 2 * FRAME_SAMPLES
BYTES_PER_MS = 32

# Times are whole frames, so that the expected numbers can be read off: 4 frames confirm, 10 frames end.
SETTINGS = SegmentationSettings(
    endpoint="fixed",
    min_speech_ms=4 * FRAME_MS,
    silence_ms=10 * FRAME_MS,
    pre_roll_ms=6 * FRAME_MS,
    padding_ms=3 * FRAME_MS,
    max_utterance_ms=100 * FRAME_MS,
)
SPEECH, SILENCE = 0.9, 0.1


def frame(index: int) -> bytes:
    """A frame that no other frame equals."""
    return np.full(FRAME_SAMPLES, index, "<i2").tobytes()


def pcm_between(first: int, end: int) -> bytes:
    return b"".join(frame(index) for index in range(first, end))


class FrameStream:
    """Feeds numbered frames to a segmenter; ``seen`` holds all its events."""

    def __init__(self, settings: SegmentationSettings = SETTINGS, first_frame: int = 0) -> None:
        self.segmenter = Segmenter(settings, first_frame * FRAME_MS)
        self.count = first_frame
        self.seen: list[SegmentEvent] = []

    def feed(self, probability: float, frames: int) -> list[SegmentEvent]:
        """The events of the next ``frames`` frames, without pauses."""
        found: list[SegmentEvent] = []
        for _ in range(frames):
            found += self.segmenter.push(frame(self.count), probability, self.count * FRAME_MS)
            self.count += 1
        self.seen += found
        return without_pauses(found)

    def flush(self) -> list[SegmentEvent]:
        return self._noted(self.segmenter.flush())

    def split(self, at_ms: int) -> list[SegmentEvent]:
        return self._noted(self.segmenter.split(at_ms))

    def rate_last_pause(self, completeness: float) -> list[SegmentEvent]:
        """What follows from the words before the last pause, which may be over; nothing if there was none."""
        pauses = [event.utterance for event in self.seen if isinstance(event, SpeechPaused)]
        return self._noted(self.segmenter.rate_pause(pauses[-1], completeness)) if pauses else []

    def _noted(self, found: list[SegmentEvent]) -> list[SegmentEvent]:
        self.seen += found
        return found


def without_pauses(found: Iterable[SegmentEvent]) -> list[SegmentEvent]:
    return [event for event in found if not isinstance(event, SpeechPaused | SpeechResumed)]


def changed(**settings: object) -> SegmentationSettings:
    return SETTINGS.replaced(settings)


def utterances(found: Iterable[SegmentEvent]) -> list[Utterance]:
    return [event for event in found if isinstance(event, Utterance)]
