"""The ear of one connection: client audio in, utterances out.

It joins the streaming resampler, the voice activity model and the segmenter, and keeps their common clock:
milliseconds of audio received. Its calls compute and block; a session runs them in a thread.
"""

from typing import Protocol

from sokuji.audio.endpointing import Segmenter, SegmentEvent, Utterance
from sokuji.audio.frames import FRAME_SAMPLES
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.audio.resampling import StreamingResampler
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import SegmentationSettings

FRAME_BYTES = 2 * FRAME_SAMPLES


class VoiceActivity(Protocol):
    """What ``SileroVad`` does."""

    def probability(self, frame: bytes) -> float:
        """Of speech, 0 to 1, in the next frame (``FRAME_BYTES``)."""

    def reset(self) -> None:
        """The next frame begins a new stream."""


class UtteranceDetector:
    """Cuts a stream of audio into utterances; ``configure`` comes before ``push``.

    Args:
        begin_ms: time of the first sample, where a conversation goes on.
        vad: rates the frames; None: Silero's model.
    """

    def __init__(
        self, settings: SegmentationSettings, begin_ms: int = 0, vad: VoiceActivity | None = None
    ) -> None:
        self._vad = vad or SileroVad()
        self._segmenter = Segmenter(settings, begin_ms)
        self._resampler: StreamingResampler | None = None
        self._pending = bytearray()
        self._taken_bytes = 2 * RECOGNISER_RATE * begin_ms // 1_000

    def configure(self, sample_rate: int, channels: int) -> list[SegmentEvent]:
        """Set the format (Hz, interleaved channels) of what follows; ends an utterance in progress."""
        ended = self.flush()
        self._resampler = StreamingResampler(sample_rate, RECOGNISER_RATE, channels)
        return ended

    def push(self, pcm: bytes) -> list[SegmentEvent]:
        """Take int16 little-endian PCM in the configured format, in pieces of any whole number of samples."""
        if self._resampler is None:
            raise RuntimeError("configure() comes before push()")
        return self._take(self._resampler.push(pcm))

    def flush(self) -> list[SegmentEvent]:
        """The utterance in progress ends here; what the resampler still holds belongs to it."""
        heard = self._take(self._resampler.flush()) if self._resampler else []
        if self._pending:
            rest = bytes(self._pending)
            self._pending.clear()
            heard += self._frame(rest, self.position_ms - duration_ms(rest, RECOGNISER_RATE))
        self._vad.reset()
        return heard + self._segmenter.flush()

    def growing(self) -> Utterance | None:
        """The open utterance as far as it has come; None where none is open."""
        return self._segmenter.growing()

    def split(self, at_ms: int) -> list[SegmentEvent]:
        """End the open utterance near ``at_ms``; see ``Segmenter.split``."""
        return self._segmenter.split(at_ms)

    def keep(self, until_ms: int) -> None:
        """A cut for length comes after this time; see ``Segmenter.keep_ms``."""
        self._segmenter.keep_ms = until_ms

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is open."""
        return self._segmenter.in_speech

    @property
    def position_ms(self) -> int:
        """Audio taken so far."""
        return self._taken_bytes * 1_000 // (2 * RECOGNISER_RATE)

    @property
    def settled_ms(self) -> int:
        """Everything before this time is in an utterance that has been emitted, or nobody spoke in it."""
        return self._segmenter.settled_ms

    def _take(self, pcm: bytes) -> list[SegmentEvent]:
        self._pending += pcm
        self._taken_bytes += len(pcm)
        heard: list[SegmentEvent] = []
        while len(self._pending) >= FRAME_BYTES:
            at_ms = (self._taken_bytes - len(self._pending)) * 1_000 // (2 * RECOGNISER_RATE)
            frame = bytes(self._pending[:FRAME_BYTES])
            del self._pending[:FRAME_BYTES]
            heard += self._frame(frame, at_ms)
        return heard

    def _frame(self, frame: bytes, at_ms: int) -> list[SegmentEvent]:
        # The model hears whole frames only; the last one before a flush may be short of it.
        probability = self._vad.probability(frame.ljust(FRAME_BYTES, b"\0"))
        return self._segmenter.push(frame, probability, at_ms)
