"""What Whisper's encoder hears: an utterance with silence around it, in the shortest window that holds it.

The encoder's time grows faster than its window, and it need not hear 30 s: on two cores Whisper base takes
27 ms for 3 s, 68 ms for 8 s and 600 ms for 30 s. Windows come in few lengths, so that windows of different
callers can be encoded together. Padding is as faster-whisper's own: features of zero, which is faint noise;
with digital silence instead the decoder repeats itself more often. Pure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.vad import SpeechTimestampsMap, VadOptions, collect_chunks, get_speech_timestamps
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE

Samples = NDArray[np.float32]
Features = NDArray[np.float32]
Clock = Callable[[float], float]
"""From seconds of what is left of an audio to seconds of the whole."""

LEAD_S = 0.3
"""Silence put before every utterance: Whisper mishears speech that begins with the very first sample."""
MARGIN_S = 2.0
"""Padding behind the utterance: with less the decoder loops more often, and short ones are misheard."""
LADDER_S = (3, 5, 6, 8, 12, 16, 20, 30)
"""Lengths of windows. Each costs half as much again as the one before, or up to twice as much."""
WINDOW_S = LADDER_S[-1]
"""What Whisper was trained to hear."""
SECOND_WINDOW_S = 20
"""For speech of which the model was unsure in a shorter window. With 30 s there are hardly fewer errors, for
twice the time; with 16 s there are as many as without hearing again."""
_PIECE_S = 28.0
"""Longest piece of an audio that no window holds."""
_BLOCK = RECOGNISER_RATE // 10
_FRAMES_PER_S = 100


@dataclass(frozen=True, slots=True)
class AudioSlice:
    """A part of an audio that a window can hold."""

    samples: Samples
    start_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / RECOGNISER_RATE


def pieces(samples: Samples) -> Iterator[AudioSlice]:
    """The audio in one piece; cut at the quietest 0.1 s of the last third where one window cannot hold it."""
    start = 0
    while len(samples) - start > (WINDOW_S - LEAD_S) * RECOGNISER_RATE:
        latest = start + round(_PIECE_S * RECOGNISER_RATE)
        earliest = latest - round(_PIECE_S / 3 * RECOGNISER_RATE)
        blocks = samples[earliest:latest][: (latest - earliest) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
        cut = earliest + int(np.argmin(np.square(blocks).sum(axis=1))) * _BLOCK + _BLOCK // 2
        yield AudioSlice(samples[start:cut], start / RECOGNISER_RATE)
        start = cut
    yield AudioSlice(samples[start:], start / RECOGNISER_RATE)


def window_s(seconds: float) -> int:
    """The window for so much speech, seconds."""
    return next((rung for rung in LADDER_S if rung >= LEAD_S + seconds + MARGIN_S), WINDOW_S)


def features(extractor: FeatureExtractor, samples: Samples, seconds: int) -> Features:
    """Log-mel features of a window, shape (mels, 100 a second): the lead, the samples, padding."""
    frames = seconds * _FRAMES_PER_S
    led = np.concatenate([np.zeros(round(LEAD_S * RECOGNISER_RATE), np.float32), samples])
    heard = extractor(led)[:, :frames]
    return np.ascontiguousarray(np.pad(heard, ((0, 0), (0, frames - heard.shape[1]))), np.float32)


def frames_heard(seconds: float) -> int:
    """Frames of a window that are not padding, where it holds so much speech."""
    return round((LEAD_S + seconds) * _FRAMES_PER_S)


def speech_only(samples: Samples, threshold: float) -> tuple[Samples, Clock]:
    """The samples without what Silero takes for silence, and where they lay."""
    found = get_speech_timestamps(samples, VadOptions(threshold=threshold))
    chunks, _ = collect_chunks(samples, found)
    lay = SpeechTimestampsMap(found, RECOGNISER_RATE, time_precision=3)
    return np.concatenate(chunks), lambda at: float(lay.get_original_time(at))
