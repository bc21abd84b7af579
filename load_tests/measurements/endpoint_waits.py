"""Where an endpoint cuts sentences with pauses, and how long it waits behind them, in audio time.

The segmenter of a session gets the frames of a recording. The words before a pause are recognised as in a
session, and known as much later as the recognition takes: its processor time, which does not depend on what
else the machine does. On an idle machine a recognition in several threads takes no longer than that.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from load_tests.scenarios.paused_speech import PausedSpeech
from sokuji.audio.endpointing import Segmenter
from sokuji.audio.frames import FRAME_MS, FRAME_SAMPLES
from sokuji.audio.segment_events import SegmentEvent, SpeechPaused, Utterance
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import SegmentationSettings
from sokuji.errors import SokujiError
from sokuji.pipeline.pipeline import Pipeline
from sokuji.text.completeness import completeness

_FRAME_BYTES = 2 * FRAME_SAMPLES
_TOLERANCE_MS = 200
"""Voice activity may end so much later, or earlier, than the speech."""


@dataclass(frozen=True, slots=True)
class PauseRating:
    """How complete the words before a pause are, and how long it took to know them; None: nothing was."""

    completeness: float | None
    took_ms: float


Rate = Callable[[str, bytes], Awaitable[PauseRating]]
"""Language and PCM of the speech up to a pause -> its rating."""


def rating(pipeline: Pipeline) -> Rate:
    """Rates pauses by what the pipeline recognises; the same audio is recognised once."""
    known: dict[tuple[str, bytes], PauseRating] = {}

    async def rate(language: str, pcm: bytes) -> PauseRating:
        if (language, pcm) not in known:
            began, complete = time.process_time(), None
            try:
                transcript = await pipeline.recognise(pcm, language)
                complete = completeness(transcript.text, transcript.language)
            except SokujiError:  # As in a session: nothing is known.
                pass
            known[language, pcm] = PauseRating(complete, 1_000 * (time.process_time() - began))
        return known[language, pcm]

    return rate


@dataclass(frozen=True, slots=True)
class RatedFrames:
    """A recording in frames, each with its probability of speech."""

    speech: PausedSpeech
    frames: tuple[tuple[bytes, float], ...]


def rated(speech: PausedSpeech) -> RatedFrames:
    """The frames of a recording."""
    starts = range(0, len(speech.pcm) - _FRAME_BYTES + 1, _FRAME_BYTES)
    frames = [speech.pcm[start : start + _FRAME_BYTES] for start in starts]
    return RatedFrames(speech, tuple(zip(frames, SileroVad().probabilities(frames), strict=True)))


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """One recording: its pauses, how many of them ended an utterance, and the wait behind its speech."""

    language: str
    pauses: int
    cuts: int
    wait_ms: float
    recognition_ms: float
    """What the last recognition took; 0 without one."""


@dataclass(slots=True)
class _Run:
    segmenter: Segmenter
    pending: list[tuple[float, Utterance, float]] = field(default_factory=list)
    """When the rating of a pause is known, the pause, and its completeness."""
    ends: list[tuple[int, float]] = field(default_factory=list)
    """Of each utterance: where its audio ends, and when it is over."""

    def note(self, found: list[SegmentEvent], at_ms: float) -> None:
        """Keep the utterances that ended at a time."""
        self.ends += [(event.end_ms, at_ms) for event in found if isinstance(event, Utterance)]

    def apply_ratings(self, until_ms: float) -> None:
        """What is known by a time takes effect when it became known."""
        for known_ms, pause, complete in self.pending:
            if known_ms <= until_ms:
                self.note(self.segmenter.rate_pause(pause, complete), known_ms)
        self.pending = [each for each in self.pending if each[0] > until_ms]


async def measure(recording: RatedFrames, settings: SegmentationSettings, rate: Rate) -> EndpointResult:
    """Cuts and wait of one recording; raises ValueError if the end of the speech is not found."""
    speech, run, took_ms = recording.speech, _Run(Segmenter(settings)), 0.0
    for number, (frame, probability) in enumerate(recording.frames):
        end_ms = (number + 1) * FRAME_MS
        run.apply_ratings(end_ms)
        found = run.segmenter.push(frame, probability, number * FRAME_MS)
        run.note(found, end_ms)
        for event in found:
            if isinstance(event, SpeechPaused) and settings.endpoint == "adaptive":
                pause = await rate(speech.language, event.utterance.pcm)
                took_ms = pause.took_ms
                if pause.completeness is not None:
                    run.pending.append((end_ms + pause.took_ms, event.utterance, pause.completeness))
    cuts = [
        any(begin - _TOLERANCE_MS < end - settings.padding_ms < stop for end, _ in run.ends)
        for begin, stop in speech.pauses_ms
    ]
    over = [at_ms for end, at_ms in run.ends if end > speech.end_ms - _TOLERANCE_MS]
    if not over:
        raise ValueError("the end of the speech was not found")
    return EndpointResult(speech.language, len(cuts), sum(cuts), over[0] - speech.end_ms, took_ms)
