"""Endpointing: finds the begin and end of utterances from the speech probability of frames. Pure.

A state machine: frames, their speech probability (``voice_activity``) and the time go in, events come out.
There are three states: idle (only the pre-roll is buffered), candidate (speech, but less than
``min_speech_ms`` so far) and open utterance, which may pause. Settings in milliseconds are rounded up to
whole frames.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from sokuji.audio.frames import FRAME_MS, Frame, quietest, snr_db
from sokuji.config import SegmentationSettings

Cut = Literal["silence", "length", "flush", "sentence"]

# Speech ends at a lower probability than it begins with, so that a fluctuating probability does not split it.
# The values are those of Silero's get_speech_timestamps().
_HYSTERESIS = 0.15
_LEAST_THRESHOLD = 0.01
# split() cuts at the quietest place within this time around the requested one.
_SPLIT_REACH_MS = 160


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech is confirmed; ``at_ms`` is its begin, which lies before."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance is over; ``at_ms`` is the end of its last speech."""

    segment_id: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """The audio of one utterance (mono int16 at 16 kHz) from ``start_ms`` to ``end_ms``.

    ``cut`` is what ended it: a silence, ``max_utterance_ms``, or a call of ``flush`` or ``split``.
    ``snr_db`` is its signal-to-noise ratio; None if it holds too little silence to measure.
    """

    segment_id: int
    pcm: bytes
    start_ms: int
    end_ms: int
    cut: Cut
    snr_db: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """``padding_ms`` of silence follow the speech; if the silence lasts, ``utterance`` is complete."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """Speech continues after a pause."""

    segment_id: int


SegmentEvent = SpeechStarted | SpeechPaused | SpeechResumed | SpeechStopped | Utterance


class Segmenter:
    """Divides one stream into utterances: disjoint, in order, none longer than ``max_utterance_ms``.

    The events of an utterance are ``SpeechStarted``, ``SpeechStopped`` and ``Utterance``, in this order and
    with the same id; ids increase. Between the first two, ``SpeechPaused`` and ``SpeechResumed`` alternate.

    Args:
        settings: thresholds and durations.
        begin_ms: time of the first frame; above 0 if another segmenter had the begin of the stream.
    """

    def __init__(self, settings: SegmentationSettings, begin_ms: int = 0) -> None:
        self.configure(settings)
        # No segment is shorter than a frame, so this id is higher than all ids from before ``begin_ms``.
        self._segment_id = begin_ms // FRAME_MS
        self._frames: list[Frame] = []
        self._received_ms = begin_ms
        self._open = False
        self._speech_start_ms = 0
        self._voiced = 0
        """Voiced frames of the candidate or utterance; 0 when idle."""
        self._silent = 0
        """Unvoiced frames since the last voiced one."""
        self._paused = False
        self.earliest_cut_ms = 0
        """Cuts for length are made at this time or later: a hypothesis covers the audio before it."""

    def configure(self, settings: SegmentationSettings, *, ends_by_silence: bool = True) -> None:
        """Replace the settings; call ``flush`` before.

        Args:
            settings: thresholds and durations.
            ends_by_silence: False: silence ends no utterance, but ``flush``, ``split`` and
                ``max_utterance_ms`` do.
        """
        self._begin_threshold = settings.vad_threshold
        self._end_threshold = max(settings.vad_threshold - _HYSTERESIS, _LEAST_THRESHOLD)
        self._min_speech = _frame_count(settings.min_speech_ms)
        self._min_silence = _frame_count(settings.min_silence_ms)
        self._pre_roll = _frame_count(settings.pre_roll_ms)
        self._padding = _frame_count(settings.padding_ms)
        self._max_frames = settings.max_utterance_ms // FRAME_MS
        self._ends_by_silence = ends_by_silence

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is open."""
        return self._open

    @property
    def settled_ms(self) -> int:
        """Audio before this time is no longer needed: it is in a completed utterance, or holds no speech.

        In silence it trails the input by the pre-roll, which may become part of an utterance.
        """
        return self._frames[0].at_ms if self._frames else self._received_ms

    def push(self, frame: bytes, probability: float, at_ms: int) -> list[SegmentEvent]:
        """Process the next frame.

        Args:
            frame: ``FRAME_SAMPLES`` samples; the last one before a ``flush`` may be shorter.
            probability: of speech in this frame, 0 to 1.
            at_ms: time of its first sample; frames are contiguous, except across a ``flush``.
        """
        after_speech = bool(self._frames) and self._frames[-1].voiced
        voiced = probability >= (self._end_threshold if after_speech else self._begin_threshold)
        self._frames.append(Frame(frame, probability, voiced, at_ms))
        self._received_ms = self._frames[-1].end_ms
        if voiced:
            self._silent = 0
            self._voiced += 1
            if self._voiced == 1:
                self._speech_start_ms = at_ms
        elif self._voiced:
            self._silent += 1
        return [*self._resume(), *self._step()]

    def open_utterance(self) -> Utterance | None:
        """The open utterance up to now; None if none is open."""
        return self._so_far(len(self._frames), "flush") if self._open else None

    def split(self, at_ms: int) -> list[SegmentEvent]:
        """End the open utterance at the quietest place near ``at_ms``; the audio after it opens the next one.

        Without such a place nothing happens: no utterance is open there, or no speech follows.
        """
        near = [
            index
            for index, frame in enumerate(self._frames)
            if index and abs(frame.at_ms - at_ms) <= _SPLIT_REACH_MS
        ]
        if not self._open or not near:
            return []
        index = quietest(self._frames[: near[-1] + 1], first=near[0])
        left, right = self._frames[:index], self._frames[index:]
        if not (any(frame.voiced for frame in left) and any(frame.voiced for frame in right)):
            return []
        return self._divide(index, "sentence")

    def silence(self) -> list[SegmentEvent]:
        """End the open utterance as ``min_silence_ms`` of silence would, and drop what is not part of it."""
        events = self._end("silence") if self._open else []
        self._go_idle()
        self._frames.clear()
        return events

    def flush(self) -> list[SegmentEvent]:
        """End the utterance here, however short, and drop the pre-roll; no events if there was no speech."""
        events: list[SegmentEvent] = []
        if self._voiced:
            if not self._open:
                events.append(self._begin())
            events += self._end("flush")
        self._frames.clear()
        return events

    def clear(self) -> None:
        """Drop the open utterance and the pre-roll without events."""
        if self._open:
            self._segment_id += 1
        self._paused = False
        self._go_idle()
        self._frames.clear()

    def _step(self) -> list[SegmentEvent]:
        """The events of the newest frame."""
        if not self._voiced:
            self._go_idle()
            return []
        events: list[SegmentEvent] = []
        full = len(self._frames) >= self._max_frames
        if not self._open and (full or self._voiced >= self._min_speech):
            events.append(self._begin())
        if self._silent >= self._min_silence and (self._ends_by_silence or not self._open):
            if self._open:
                events += self._end("silence")
            else:
                self._go_idle()
        elif full:
            events += self._cut_at_pause()
        elif self._open and self._silent == max(1, self._padding):
            self._paused = True
            events.append(SpeechPaused(self._so_far(self._with_padding(), "silence")))
        return events

    def _resume(self) -> list[SegmentEvent]:
        if not self._paused or self._silent:
            return []
        self._paused = False
        return [SpeechResumed(self._segment_id)]

    def _with_padding(self) -> int:
        """The number of buffered frames up to the last speech and its padding."""
        return len(self._frames) - max(0, self._silent - self._padding)

    def _so_far(self, count: int, cut: Cut) -> Utterance:
        frames = self._frames[:count]
        pcm = b"".join(frame.pcm for frame in frames)
        return Utterance(self._segment_id, pcm, frames[0].at_ms, frames[-1].end_ms, cut, snr_db(frames))

    def _begin(self) -> SpeechStarted:
        self._open = True
        return SpeechStarted(self._segment_id, self._speech_start_ms)

    def _end(self, cut: Cut) -> list[SegmentEvent]:
        """End the utterance after its last speech, with no more than the padding of the silence since."""
        stopped = SpeechStopped(self._segment_id, self._frames[-1 - self._silent].end_ms)
        utterance = self._take(self._with_padding(), cut)
        self._go_idle()
        return [stopped, utterance]

    def _cut_at_pause(self) -> list[SegmentEvent]:
        """End the utterance at the quietest place; speech after it opens the next one."""
        first = bisect_left(self._frames, self.earliest_cut_ms, key=lambda frame: frame.at_ms)
        first = min(max(first, 2 * len(self._frames) // 3), len(self._frames) - 1)
        index = quietest(self._frames, first)
        if not any(frame.voiced for frame in self._frames[index:]):
            return self._end("length")
        return self._divide(index, "length")

    def _divide(self, index: int, cut: Cut) -> list[SegmentEvent]:
        """End the utterance before frame ``index``, and begin the next one with it."""
        at_ms = self._frames[index].at_ms
        stopped = SpeechStopped(self._segment_id, at_ms)
        utterance = self._take(index, cut)
        self._speech_start_ms = at_ms
        return [stopped, utterance, self._begin()]

    def _take(self, count: int, cut: Cut) -> Utterance:
        """Remove the first ``count`` frames as an utterance."""
        utterance = self._so_far(count, cut)
        del self._frames[:count]
        self._segment_id += 1
        self._paused = False
        return utterance

    def _go_idle(self) -> None:
        """Keep only the pre-roll."""
        self._open = False
        self._voiced = self._silent = 0
        del self._frames[: max(0, len(self._frames) - self._pre_roll)]


def _frame_count(ms: int) -> int:
    """The least number of frames that last ``ms``."""
    return -(-ms // FRAME_MS)
