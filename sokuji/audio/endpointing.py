"""Endpointing: finds the begin and end of utterances from the speech probability of frames. Pure.

A state machine: frames, their speech probability (``voice_activity``) and the time go in, events come out.
There are three states: idle (only the pre-roll is buffered), candidate (speech, but less than
``min_speech_ms`` so far) and open utterance, which may pause. How much silence ends an utterance can be
changed while it lasts, by somebody who knows what was said. Settings in milliseconds are rounded up to whole
frames.
"""

from sokuji.audio.frames import FRAME_MS, Frame, snr_db
from sokuji.audio.segment_events import (
    Cut,
    SegmentEvent,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sokuji.audio.speech_buffer import SpeechBuffer
from sokuji.config import SegmentationSettings

# Speech ends at a lower probability than it begins with, so that a fluctuating probability does not split it.
# The values are those of Silero's get_speech_timestamps().
_HYSTERESIS = 0.15
_LEAST_THRESHOLD = 0.01


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
        self._frames = SpeechBuffer()
        self._received_ms = begin_ms
        self._open = False
        self._speech_start_ms = 0
        self._voiced = 0
        """Voiced frames of the candidate or utterance; 0 when idle."""
        self._silent = 0
        """Unvoiced frames since the last voiced one."""
        self._pause: Utterance | None = None
        """What ``SpeechPaused`` has announced, until speech resumes or the utterance ends."""
        self.earliest_cut_ms = 0
        """Cuts for length are made at this time or later: a hypothesis covers the audio before it."""

    def configure(self, settings: SegmentationSettings, *, ends_by_silence: bool = True) -> None:
        """Replace the settings; call ``flush`` before.

        Args:
            settings: thresholds and durations.
            ends_by_silence: False: silence ends no utterance, but ``flush``, ``split`` and
                ``max_utterance_ms`` do.
        """
        self._settings = settings
        self._begin_threshold = settings.vad_threshold
        self._end_threshold = max(settings.vad_threshold - _HYSTERESIS, _LEAST_THRESHOLD)
        self._min_speech = _frame_count(settings.min_speech_ms)
        self._silence = self._ending_silence = _frame_count(settings.silence_ms)
        self._pre_roll = _frame_count(settings.pre_roll_ms)
        self._padding = _frame_count(settings.padding_ms)
        self._max_frames = settings.max_utterance_ms // FRAME_MS
        self._ends_by_silence = ends_by_silence

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is open."""
        return self._open

    @property
    def falls_silent(self) -> bool:
        """Whether the open utterance may pause: its newest frames are silent, but too few for a pause."""
        return self._open and 0 < self._silent < self._padding

    @property
    def ending_silence_ms(self) -> int | None:
        """Silence that ends an utterance, as it is now; None: silence ends none."""
        return self._ending_silence * FRAME_MS if self._ends_by_silence else None

    @property
    def settled_ms(self) -> int:
        """Audio before this time is no longer needed: it is in a completed utterance, or holds no speech.

        In silence it trails the input by the pre-roll, which may become part of an utterance.
        """
        return self._frames[0].at_ms if len(self._frames) else self._received_ms

    def push(self, frame: bytes, probability: float, at_ms: int) -> list[SegmentEvent]:
        """Process the next frame.

        Args:
            frame: ``FRAME_SAMPLES`` samples; the last one before a ``flush`` may be shorter.
            probability: of speech in this frame, 0 to 1.
            at_ms: time of its first sample; frames are contiguous, except across a ``flush``.
        """
        threshold = self._end_threshold if self._frames.ends_voiced else self._begin_threshold
        voiced = probability >= threshold
        self._frames.append(Frame(frame, probability, voiced, at_ms))
        self._received_ms = self._frames[-1].end_ms
        if voiced:
            self._silent, self._ending_silence = 0, self._silence
            self._voiced += 1
            if self._voiced == 1:
                self._speech_start_ms = at_ms
        elif self._voiced:
            self._silent += 1
        return [*self._resume(), *self._step()]

    def rate_pause(self, pause: Utterance, completeness: float) -> list[SegmentEvent]:
        """Let what was said decide how much silence ends the open utterance, until speech resumes.

        Nothing happens with a fixed endpoint, or if the pause is over.

        Args:
            pause: the utterance of ``SpeechPaused``.
            completeness: of its words, 0 (``max_silence_ms`` ends it) to 1 (``min_silence_ms``).
        """
        settings = self._settings
        if settings.endpoint == "fixed" or self._pause is not pause:
            return []
        range_ms = settings.max_silence_ms - settings.min_silence_ms
        self._ending_silence = _frame_count(settings.max_silence_ms - round(completeness * range_ms))
        return self._end("silence") if self._is_over else []

    @property
    def open_ms(self) -> int:
        """Duration of the open utterance up to now; 0 if none is open."""
        return self._frames[-1].end_ms - self._frames[0].at_ms if self._open else 0

    def open_utterance(self) -> Utterance | None:
        """The open utterance up to now; None if none is open."""
        return self._so_far(len(self._frames), "flush") if self._open else None

    def split(self, at_ms: int) -> list[SegmentEvent]:
        """End the open utterance at the quietest place near ``at_ms``; the audio after it opens the next one.

        Without such a place nothing happens: no utterance is open there, or no speech follows.
        """
        index = self._frames.quiet_place(at_ms) if self._open else None
        return [] if index is None else self._divide(index, "sentence")

    def silence(self) -> list[SegmentEvent]:
        """End the open utterance as silence would, and drop what is not part of it."""
        events = self._end("silence") if self._open else []
        self._go_idle()
        self._frames.keep(0)
        return events

    def flush(self) -> list[SegmentEvent]:
        """End the utterance here, however short, and drop the pre-roll; no events if there was no speech."""
        events: list[SegmentEvent] = []
        if self._voiced:
            if not self._open:
                events.append(self._begin())
            events += self._end("flush")
        self._frames.keep(0)
        return events

    def clear(self) -> None:
        """Drop the open utterance and the pre-roll without events."""
        if self._open:
            self._segment_id += 1
        self._pause = None
        self._go_idle()
        self._frames.keep(0)

    def _step(self) -> list[SegmentEvent]:
        """The events of the newest frame."""
        if not self._voiced:
            self._go_idle()
            return []
        events: list[SegmentEvent] = []
        full = len(self._frames) >= self._max_frames
        if not self._open and (full or self._voiced >= self._min_speech):
            events.append(self._begin())
        if self._open and self._is_over:
            events += self._end("silence")
        elif not self._open and self._silent >= self._silence:
            self._go_idle()
        elif full:
            events += self._cut_at_pause()
        elif self._open and self._silent == max(1, self._padding):
            self._pause = self._so_far(self._with_padding(), "silence")
            events.append(SpeechPaused(self._pause))
        return events

    @property
    def _is_over(self) -> bool:
        """Whether enough silence follows the speech of the open utterance to end it."""
        return self._ends_by_silence and self._silent >= self._ending_silence

    def _resume(self) -> list[SegmentEvent]:
        if self._pause is None or self._silent:
            return []
        self._pause = None
        return [SpeechResumed(self._segment_id)]

    def _with_padding(self) -> int:
        """The number of buffered frames up to the last speech and its padding."""
        return len(self._frames) - max(0, self._silent - self._padding)

    def _so_far(self, count: int, cut: Cut) -> Utterance:
        frames = self._frames.head(count)
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
        index = self._frames.late_quiet_place(self.earliest_cut_ms)
        if not self._frames.speaks_from(index):
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
        self._frames.drop(count)
        self._segment_id += 1
        self._pause = None
        return utterance

    def _go_idle(self) -> None:
        """Keep only the pre-roll."""
        self._open = False
        self._voiced = self._silent = 0
        self._frames.keep(self._pre_roll)


def _frame_count(ms: int) -> int:
    """The least number of frames that last ``ms``."""
    return -(-ms // FRAME_MS)
