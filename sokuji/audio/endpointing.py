"""Endpointing: where utterances begin and end in a stream of speech probabilities.

A pure state machine. Frames, their speech probability (``voice_activity``) and the time are passed in; events
come out. It knows three states: idle (only the pre-roll is held), a candidate (speech, but less than
``min_speech_ms`` of it so far) and an open utterance, which may pause. Settings in milliseconds are rounded
to whole frames.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from sokuji.audio.frames import FRAME_MS, Frame, quietest, snr_db
from sokuji.config import SegmentationSettings

Cut = Literal["silence", "length", "flush", "sentence"]

# Speech ends at a lower probability than it begins with, so that a wavering one does not chop it up. The
# numbers are those of Silero's own get_speech_timestamps().
_HYSTERESIS = 0.15
_LEAST_THRESHOLD = 0.01
# A split asked for at a word's end is made at the quietest place within this time around it.
_SPLIT_REACH_MS = 160


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

    ``cut`` says what ended it: a silence, ``max_utterance_ms``, or a call of ``flush`` or of ``split``.
    ``snr_db`` is the ratio of speech to noise in it; None where it holds too little silence to tell.
    """

    segment_id: int
    pcm: bytes
    start_ms: int
    end_ms: int
    cut: Cut
    snr_db: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The open utterance is followed by ``padding_ms`` of silence; it will be ``utterance`` if that lasts."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker goes on after a pause."""

    segment_id: int


SegmentEvent = SpeechStarted | SpeechPaused | SpeechResumed | SpeechStopped | Utterance


class Segmenter:
    """Cuts one stream into utterances: disjoint, in order, none longer than ``max_utterance_ms``.

    Each utterance is announced by ``SpeechStarted``, ``SpeechStopped`` and ``Utterance``, in this order and
    with the same id; ids count up. Between the first two come ``SpeechPaused`` and ``SpeechResumed`` in turn.

    Args:
        begin_ms: time of the first frame, where another segmenter had the stream before.
    """

    def __init__(self, settings: SegmentationSettings, begin_ms: int = 0) -> None:
        self._begin_threshold = settings.vad_threshold
        self._end_threshold = max(settings.vad_threshold - _HYSTERESIS, _LEAST_THRESHOLD)
        self._min_speech = _frames(settings.min_speech_ms)
        self._min_silence = _frames(settings.min_silence_ms)
        self._pre_roll = _frames(settings.pre_roll_ms)
        self._padding = _frames(settings.padding_ms)
        self._max_frames = settings.max_utterance_ms // FRAME_MS
        # No segment is shorter than a frame: these ids are higher than any from before ``begin_ms``.
        self._segment_id = begin_ms // FRAME_MS
        self._held: list[Frame] = []
        self._heard_ms = begin_ms
        self._open = False
        self._speech_start_ms = 0
        self._voiced = 0
        """Voiced frames of the candidate or utterance; 0 when idle."""
        self._silent = 0
        """Unvoiced frames since the last voiced one."""
        self._paused = False
        self.keep_ms = 0
        """A cut for length comes at this time or later: what was said before it counts as said already."""

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
        self._held.append(Frame(frame, probability, voiced, at_ms))
        self._heard_ms = self._held[-1].end_ms
        if voiced:
            self._silent = 0
            self._voiced += 1
            if self._voiced == 1:
                self._speech_start_ms = at_ms
        elif self._voiced:
            self._silent += 1
        return [*self._resume(), *self._step()]

    def growing(self) -> Utterance | None:
        """The open utterance as far as it has come; None where none is open."""
        return self._so_far(len(self._held), "flush") if self._open else None

    def split(self, at_ms: int) -> list[SegmentEvent]:
        """End the open utterance at the quietest place near ``at_ms``; what follows opens the next one.

        Nothing happens where there is no such place: no utterance is open there, or nothing was said since.
        """
        near = [
            index
            for index, frame in enumerate(self._held)
            if index and abs(frame.at_ms - at_ms) <= _SPLIT_REACH_MS
        ]
        if not self._open or not near:
            return []
        index = quietest(self._held[: near[-1] + 1], first=near[0])
        left, right = self._held[:index], self._held[index:]
        if not (any(frame.voiced for frame in left) and any(frame.voiced for frame in right)):
            return []
        return self._divide(index, "sentence")

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
        elif self._open and self._silent == max(1, self._padding):
            self._paused = True
            found.append(SpeechPaused(self._so_far(self._with_padding(), "silence")))
        return found

    def _resume(self) -> list[SegmentEvent]:
        if not self._paused or self._silent:
            return []
        self._paused = False
        return [SpeechResumed(self._segment_id)]

    def _with_padding(self) -> int:
        """How many of the frames held an utterance has that ends with the last speech."""
        return len(self._held) - max(0, self._silent - self._padding)

    def _so_far(self, count: int, cut: Cut) -> Utterance:
        frames = self._held[:count]
        pcm = b"".join(frame.pcm for frame in frames)
        return Utterance(self._segment_id, pcm, frames[0].at_ms, frames[-1].end_ms, cut, snr_db(frames))

    def _begin(self) -> SpeechStarted:
        self._open = True
        return SpeechStarted(self._segment_id, self._speech_start_ms)

    def _end(self, cut: Cut) -> list[SegmentEvent]:
        """End the utterance behind its last speech; of the silence since, keep no more than the padding."""
        stopped = SpeechStopped(self._segment_id, self._held[-1 - self._silent].end_ms)
        utterance = self._take(self._with_padding(), cut)
        self._rest()
        return [stopped, utterance]

    def _cut_at_pause(self) -> list[SegmentEvent]:
        """End the utterance at the quietest place; what was said after it opens the next one."""
        first = bisect_left(self._held, self.keep_ms, key=lambda frame: frame.at_ms)
        first = min(max(first, 2 * len(self._held) // 3), len(self._held) - 1)
        index = quietest(self._held, first)
        if not any(frame.voiced for frame in self._held[index:]):
            return self._end("length")
        return self._divide(index, "length")

    def _divide(self, index: int, cut: Cut) -> list[SegmentEvent]:
        """End the utterance before frame ``index``, with which the next one begins."""
        at_ms = self._held[index].at_ms
        stopped = SpeechStopped(self._segment_id, at_ms)
        utterance = self._take(index, cut)
        self._speech_start_ms = at_ms
        return [stopped, utterance, self._begin()]

    def _take(self, count: int, cut: Cut) -> Utterance:
        """Remove the first ``count`` frames as an utterance."""
        utterance = self._so_far(count, cut)
        del self._held[:count]
        self._segment_id += 1
        self._paused = False
        return utterance

    def _rest(self) -> None:
        """Go idle: hold nothing but the pre-roll."""
        self._open = False
        self._voiced = self._silent = 0
        del self._held[: max(0, len(self._held) - self._pre_roll)]


def _frames(ms: int) -> int:
    """The number of frames that last at least ``ms``."""
    return -(-ms // FRAME_MS)
