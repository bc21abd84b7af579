"""Detects the utterances in the audio of one connection.

``UtteranceDetector`` chains the streaming resampler, the voice activity model and the segmenter. Its clock is
the audio received, in milliseconds. Its calls compute and block: a session runs them in a thread.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sokuji.audio.endpointing import Segmenter
from sokuji.audio.frames import FRAME_SAMPLES
from sokuji.audio.noise_suppression import NoiseSuppression, NoiseSuppressor
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.audio.resampling import StreamingResampler
from sokuji.audio.segment_events import SegmentEvent, Utterance
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import SegmentationSettings

FRAME_BYTES = 2 * FRAME_SAMPLES


class VoiceActivity(Protocol):
    """A voice activity model, such as ``SileroVad``."""

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        """Of speech, 0 to 1, in each of the next frames (``FRAME_BYTES``)."""

    def reset(self) -> None:
        """The next frame begins a new stream."""


class _Frame(NamedTuple):
    """A frame as it came, as it is rated for speech, and when it begins."""

    pcm: bytes
    rated: bytes
    at_ms: int


class UtteranceDetector:
    """Divides a stream of audio into utterances; call ``configure`` before ``push``.

    Args:
        settings: of the segmentation.
        begin_ms: time of the first sample; above 0 if the session was resumed.
        vad: the voice activity model; None: Silero's.
    """

    def __init__(
        self, settings: SegmentationSettings, begin_ms: int = 0, vad: VoiceActivity | None = None
    ) -> None:
        self._vad = vad or SileroVad()
        self._default_settings = settings
        self._segmenter = Segmenter(settings, begin_ms)
        self._resampler: StreamingResampler | None = None
        self._noise_suppressor: NoiseSuppressor | None = None
        self._frame_bytes = FRAME_BYTES
        """Of the next frame."""
        self._pending = bytearray()
        self._rated = bytearray()
        """The same audio as it is rated for speech; some of it may still be on its way."""
        self._received_bytes = 2 * RECOGNISER_RATE * begin_ms // 1_000

    def configure(
        self,
        sample_rate: int,
        channels: int,
        settings: SegmentationSettings | None = None,
        *,
        ends_by_silence: bool = True,
        noise_suppression: NoiseSuppression | None = None,
    ) -> list[SegmentEvent]:
        """Set how the audio that follows is read; ends an open utterance.

        Args:
            sample_rate, channels: its format, in Hz and interleaved channels.
            settings: of the segmentation; None: those of the constructor.
            ends_by_silence: see ``Segmenter.configure``.
            noise_suppression: before voice activity detection; utterances have the audio as it came.
        """
        ended = self.flush()
        self._noise_suppressor = NoiseSuppressor(noise_suppression) if noise_suppression else None
        self._resampler = StreamingResampler(sample_rate, RECOGNISER_RATE, channels)
        # Messages tend to end where a frame does, whose last samples are still in the resampler. If frames
        # did not end earlier by as much, such a frame would wait for the next message.
        self._frame_bytes = FRAME_BYTES - 2 * self._resampler.held_samples
        self._segmenter.configure(settings or self._default_settings, ends_by_silence=ends_by_silence)
        return ended

    def push(self, pcm: bytes) -> list[SegmentEvent]:
        """Process int16 little-endian PCM in the configured format, any whole number of samples at a time."""
        if self._resampler is None:
            raise RuntimeError("configure() must be called before push()")
        return self._take(self._resampler.push(pcm))

    def flush(self) -> list[SegmentEvent]:
        """End the utterance here, however short it is."""
        return self._take_rest() + self._segmenter.flush()

    def silence(self) -> list[SegmentEvent]:
        """End the open utterance: no audio has come for so long that it counts as silence.

        The clock stands still: audio that comes later follows what has been received.
        """
        return self._take_rest() + self._segmenter.silence()

    def clear(self) -> list[SegmentEvent]:
        """Drop the open utterance; returns the events of what ended before this call."""
        ended = self._take_rest()
        self._segmenter.clear()
        return ended

    def _take_rest(self) -> list[SegmentEvent]:
        """Process what the resampler and an incomplete frame hold; the audio after it is a new stream."""
        events = self._take(self._resampler.flush()) if self._resampler else []
        if self._noise_suppressor is not None:
            self._rated += self._noise_suppressor.flush()
            events += self._process_frames()
        if self._pending:
            rest, rated = bytes(self._pending), bytes(self._rated)
            self._pending.clear()
            self._rated.clear()
            at_ms = self.position_ms - duration_ms(rest, RECOGNISER_RATE)
            events += self._process([_Frame(rest, rated, at_ms)])
        self._vad.reset()
        return events

    @property
    def open_ms(self) -> int:
        """See ``Segmenter.open_ms``."""
        return self._segmenter.open_ms

    def open_utterance(self) -> Utterance | None:
        """The open utterance up to now; None if none is open."""
        return self._segmenter.open_utterance()

    def rate_pause(self, pause: Utterance, completeness: float) -> list[SegmentEvent]:
        """Change how much silence ends the open utterance; see ``Segmenter.rate_pause``."""
        return self._segmenter.rate_pause(pause, completeness)

    def split(self, at_ms: int) -> list[SegmentEvent]:
        """End the open utterance near ``at_ms``; see ``Segmenter.split``."""
        return self._segmenter.split(at_ms)

    def set_earliest_cut(self, at_ms: int) -> None:
        """Make cuts for length no earlier than this time; see ``Segmenter.earliest_cut_ms``."""
        self._segmenter.earliest_cut_ms = at_ms

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is open."""
        return self._segmenter.in_speech

    @property
    def falls_silent(self) -> bool:
        """See ``Segmenter.falls_silent``."""
        return self._segmenter.falls_silent

    @property
    def ending_silence_ms(self) -> int | None:
        """See ``Segmenter.ending_silence_ms``."""
        return self._segmenter.ending_silence_ms

    @property
    def position_ms(self) -> int:
        """Milliseconds of audio received."""
        return self._received_bytes * 1_000 // (2 * RECOGNISER_RATE)

    @property
    def settled_ms(self) -> int:
        """See ``Segmenter.settled_ms``."""
        return self._segmenter.settled_ms

    def _take(self, pcm: bytes) -> list[SegmentEvent]:
        self._pending += pcm
        self._rated += pcm if self._noise_suppressor is None else self._noise_suppressor.push(pcm)
        self._received_bytes += len(pcm)
        return self._process_frames()

    def _process_frames(self) -> list[SegmentEvent]:
        frames: list[_Frame] = []
        while len(self._rated) >= (size := self._frame_bytes):
            at_ms = (self._received_bytes - len(self._pending)) * 1_000 // (2 * RECOGNISER_RATE)
            frames.append(_Frame(bytes(self._pending[:size]), bytes(self._rated[:size]), at_ms))
            del self._pending[:size], self._rated[:size]
            self._frame_bytes = FRAME_BYTES
        return self._process(frames)

    def _process(self, frames: Sequence[_Frame]) -> list[SegmentEvent]:
        # The model takes whole frames only; the first frame, and the last before a flush, may be shorter.
        probabilities = self._vad.probabilities([each.rated.ljust(FRAME_BYTES, b"\0") for each in frames])
        return [
            event
            for each, probability in zip(frames, probabilities, strict=True)
            for event in self._segmenter.push(each.pcm, probability, each.at_ms)
        ]
