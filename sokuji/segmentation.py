"""Endpointing: where utterances begin and end in a stream of speech probabilities.

A pure state machine. Frames, their speech probability (``sokuji.vad``) and the time are passed in; events
come out. It knows three states: idle (only the pre-roll is held), a candidate (speech, but less than
``min_speech_ms`` of it so far) and an open utterance. Settings in milliseconds are rounded to whole frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sokuji.audio import RECOGNISER_RATE, duration_ms
from sokuji.config import SegmentationSettings

FRAME_SAMPLES = 512
"""Samples of one frame, mono int16 at 16 kHz; what the voice activity model takes."""
FRAME_MS = 32

Cut = Literal["silence", "length", "flush"]

# Speech ends at a lower probability than it begins with, so that a wavering one does not chop it up. The
# numbers are those of Silero's own get_speech_timestamps().
_HYSTERESIS = 0.15
_LEAST_THRESHOLD = 0.01
# A length cut looks for the quietest stretch of this many frames (160 ms): a pause between two words, where
# a single frame could be the closure of a "t".
_PAUSE_FRAMES = 5


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks; ``at_ms`` is where the speech began, before it was confirmed."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance is over; ``at_ms`` is the end of its last speech."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """The audio of one utterance (mono int16 at 16 kHz), which lies exactly between the two times.

    ``cut`` says what ended it: a silence, ``max_utterance_ms``, or a call of ``flush``.
    """

    segment_id: int
    pcm: bytes
    start_ms: int
    end_ms: int
    cut: Cut


SegmentEvent = SpeechStarted | SpeechStopped | Utterance


@dataclass(frozen=True, slots=True)
class _Frame:
    pcm: bytes
    probability: float
    voiced: bool
    at_ms: int

    @property
    def end_ms(self) -> int:
        return self.at_ms + duration_ms(self.pcm, RECOGNISER_RATE)


class Segmenter:
    """Cuts one stream into utterances: disjoint, in order, none longer than ``max_utterance_ms``.

    Each utterance is announced by ``SpeechStarted``, ``SpeechStopped`` and ``Utterance``, in this order and
    with the same id; ids count up from ``first_segment_id``.
    """

    def __init__(self, settings: SegmentationSettings, first_segment_id: int = 0) -> None:
        self._begin_threshold = settings.vad_threshold
        self._end_threshold = max(settings.vad_threshold - _HYSTERESIS, _LEAST_THRESHOLD)
        self._min_speech = _frames(settings.min_speech_ms)
        self._min_silence = _frames(settings.min_silence_ms)
        self._pre_roll = _frames(settings.pre_roll_ms)
        self._padding = _frames(settings.padding_ms)
        self._max_frames = settings.max_utterance_ms // FRAME_MS
        self._segment_id = first_segment_id
        self._held: list[_Frame] = []
        self._heard_ms = 0
        self._open = False
        self._speech_start_ms = 0
        self._voiced = 0
        """Voiced frames of the candidate or utterance; 0 when idle."""
        self._silent = 0
        """Unvoiced frames since the last voiced one."""

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is open."""
        return self._open

    @property
    def settled_ms(self) -> int:
        """No audio before this time is needed any more: it is in an utterance, or nobody spoke in it.

        While nobody speaks it trails by the pre-roll, which may yet become part of an utterance.
        """
        return self._held[0].at_ms if self._held else self._heard_ms

    def push(self, frame: bytes, probability: float, at_ms: int) -> list[SegmentEvent]:
        """Take the next frame.

        Args:
            frame: ``FRAME_SAMPLES`` samples; the last one before a ``flush`` may be shorter.
            probability: of speech in this frame, 0 to 1.
            at_ms: time of its first sample; frames adjoin each other, save across a ``flush``.
        """
        goes_on = bool(self._held) and self._held[-1].voiced
        voiced = probability >= (self._end_threshold if goes_on else self._begin_threshold)
        self._held.append(_Frame(frame, probability, voiced, at_ms))
        self._heard_ms = self._held[-1].end_ms
        if voiced:
            self._silent = 0
            self._voiced += 1
            if self._voiced == 1:
                self._speech_start_ms = at_ms
        elif self._voiced:
            self._silent += 1
        return self._step()

    def flush(self) -> list[SegmentEvent]:
        """End the utterance here, however short, and forget the pre-roll; no events where nobody spoke."""
        found: list[SegmentEvent] = []
        if self._voiced:
            if not self._open:
                found.append(self._begin())
            found += self._end("flush")
        self._held.clear()
        return found

    def _step(self) -> list[SegmentEvent]:
        """What follows from the frame just held."""
        if not self._voiced:
            self._rest()
            return []
        found: list[SegmentEvent] = []
        full = len(self._held) >= self._max_frames
        if not self._open and (full or self._voiced >= self._min_speech):
            found.append(self._begin())
        if self._silent >= self._min_silence:
            if self._open:
                found += self._end("silence")
            else:
                self._rest()
        elif full:
            found += self._cut_at_pause()
        return found

    def _begin(self) -> SpeechStarted:
        self._open = True
        return SpeechStarted(self._segment_id, self._speech_start_ms)

    def _end(self, cut: Cut) -> list[SegmentEvent]:
        """End the utterance behind its last speech; of the silence since, keep no more than the padding."""
        stopped = SpeechStopped(self._segment_id, self._held[-1 - self._silent].end_ms)
        utterance = self._take(len(self._held) - max(0, self._silent - self._padding), cut)
        self._rest()
        return [stopped, utterance]

    def _cut_at_pause(self) -> list[SegmentEvent]:
        """End the utterance at the quietest place; what was said after it opens the next one."""
        index = _quietest(self._held, first=2 * len(self._held) // 3)
        if not any(frame.voiced for frame in self._held[index:]):
            return self._end("length")
        at_ms = self._held[index].at_ms
        stopped = SpeechStopped(self._segment_id, at_ms)
        utterance = self._take(index, "length")
        self._speech_start_ms = at_ms
        return [stopped, utterance, self._begin()]

    def _take(self, count: int, cut: Cut) -> Utterance:
        """Remove the first ``count`` frames as an utterance."""
        taken, self._held = self._held[:count], self._held[count:]
        pcm = b"".join(frame.pcm for frame in taken)
        utterance = Utterance(self._segment_id, pcm, taken[0].at_ms, taken[-1].end_ms, cut)
        self._segment_id += 1
        return utterance

    def _rest(self) -> None:
        """Go idle: hold nothing but the pre-roll."""
        self._open = False
        self._voiced = self._silent = 0
        del self._held[: max(0, len(self._held) - self._pre_roll)]


def _frames(ms: int) -> int:
    """The number of frames that last at least ``ms``."""
    return -(-ms // FRAME_MS)


def _quietest(frames: Sequence[_Frame], first: int) -> int:
    """Index of the frame, from ``first`` on, in the middle of the stretch with the least speech.

    The measure is RMS level times speech probability: the level tells a pause from a word where the
    probability stays high, the probability where there is constant noise.
    """
    levels = [
        frame.probability
        * float(np.sqrt(np.mean(np.square(np.frombuffer(frame.pcm, "<i2"), dtype=np.float64))))
        for frame in frames[first:]
    ]
    smoothed = np.convolve(levels, np.ones(_PAUSE_FRAMES), mode="valid")
    return first + int(np.argmin(smoothed)) + _PAUSE_FRAMES // 2
