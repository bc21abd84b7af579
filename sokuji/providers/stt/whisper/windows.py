"""The input of Whisper's encoder: an utterance, padded to the shortest window that holds it. Pure.

The encoder's time grows faster than the length of its window, and a window need not have 30 s: on two cores
Whisper base takes 27 ms for 3 s, 68 ms for 8 s and 600 ms for 30 s. There are few window lengths, so that
windows of different callers can be encoded together. Padding is as in faster-whisper: features of zero, which
is faint noise. With digital silence instead the decoder repeats itself more often.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.vad import SpeechTimestampsMap, VadOptions, collect_chunks, get_speech_timestamps
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.providers.stt.whisper.speech_blocks import BLOCK_S, SpeechBlocks

Samples = NDArray[np.float32]
Features = NDArray[np.float32]
TimeMap = Callable[[float], float]
"""Maps seconds of shortened audio to seconds of the original."""

LEAD_S = 0.3
"""Silence before every utterance: Whisper misrecognises speech that begins with the first sample."""
MARGIN_S = 2.0
"""Least padding behind an utterance: with less, the decoder repeats itself more often and short utterances
are misrecognised."""
WINDOW_LENGTHS_S = (3, 5, 6, 8, 12, 16, 20, 30)
"""Each takes 1.5 to 2 times as long to encode as the one before."""
FULL_WINDOW_S = WINDOW_LENGTHS_S[-1]
"""The length that Whisper was trained on."""
SECOND_WINDOW_S = 20
"""For short speech of which the model was unsure in a shorter window. 30 s give hardly fewer errors in twice
the time."""
_MAX_SLICE_S = 28.0
"""Longest slice of audio that is too long for one window."""
_BLOCK = round(BLOCK_S * RECOGNISER_RATE)
_DETECTION = VadOptions(min_silence_duration_ms=100, speech_pad_ms=100)
_FRAMES_PER_S = 100


_LOUD = 0.1
"""Share of the amplitude of the loudest blocks above which a block counts as speech."""


@dataclass(frozen=True)
class AudioSlice:
    """A part of the audio that fits into one window."""

    samples: Samples
    start_s: float

    @property
    def seconds(self) -> float:
        """Length of the slice."""
        return len(self.samples) / RECOGNISER_RATE

    @cached_property
    def voiced(self) -> SpeechBlocks:
        """What is not much quieter than the loudest parts, speech or not."""
        blocks = self.samples[: len(self.samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
        if not len(blocks):
            return SpeechBlocks(np.zeros(0, np.bool_))
        levels = np.sqrt(np.square(blocks).mean(axis=1))
        return SpeechBlocks(np.asarray(levels > _LOUD * np.quantile(levels, 0.95)))

    @property
    def voiced_s(self) -> float:
        """Seconds of the slice that are not much quieter than its loudest parts."""
        return self.voiced.seconds_between(0, self.seconds)

    @cached_property
    def speech(self) -> SpeechBlocks:
        """What is voiced and where voice is detected, which takes longer to find out."""
        detected = np.zeros_like(self.voiced.blocks)
        for span in get_speech_timestamps(self.samples, _DETECTION):
            detected[span["start"] // _BLOCK : -(-span["end"] // _BLOCK)] = True
        return SpeechBlocks(detected & self.voiced.blocks)

    def divided(self, at_s: float) -> "tuple[AudioSlice, AudioSlice]":
        """What comes before ``at_s`` seconds of the slice, and what follows."""
        cut = round(at_s * RECOGNISER_RATE)
        before, behind = self.samples[:cut], self.samples[cut:]
        return AudioSlice(before, self.start_s), AudioSlice(behind, self.start_s + cut / RECOGNISER_RATE)


def split_audio(samples: Samples) -> Iterator[AudioSlice]:
    """The audio as one slice, or as several if it is too long for one window.

    It is cut at the quietest 0.1 s in the last third of the longest possible slice.
    """
    start = 0
    while len(samples) - start > (FULL_WINDOW_S - LEAD_S) * RECOGNISER_RATE:
        latest = start + round(_MAX_SLICE_S * RECOGNISER_RATE)
        earliest = latest - round(_MAX_SLICE_S / 3 * RECOGNISER_RATE)
        blocks = samples[earliest:latest][: (latest - earliest) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
        cut = earliest + int(np.argmin(np.square(blocks).sum(axis=1))) * _BLOCK + _BLOCK // 2
        yield AudioSlice(samples[start:cut], start / RECOGNISER_RATE)
        start = cut
    yield AudioSlice(samples[start:], start / RECOGNISER_RATE)


def with_silence(samples: Samples) -> Samples:
    """The audio with the digital silence of a full window behind it, with which the decoder often decides
    differently about the end of the speech."""
    missing = round((FULL_WINDOW_S - LEAD_S) * RECOGNISER_RATE) - len(samples)
    return np.pad(samples, (0, max(0, missing)))


def window_length_s(seconds: float) -> int:
    """The window length for this much audio, both in seconds."""
    needed = LEAD_S + seconds + MARGIN_S
    return next((length for length in WINDOW_LENGTHS_S if length >= needed), FULL_WINDOW_S)


def features(extractor: FeatureExtractor, samples: Samples, seconds: int) -> Features:
    """Log-mel features of a window: lead, samples, padding. Shape (mels, 100 per second)."""
    frames = seconds * _FRAMES_PER_S
    audio = np.concatenate([np.zeros(round(LEAD_S * RECOGNISER_RATE), np.float32), samples])
    mels = extractor(audio)[:, :frames]
    return np.ascontiguousarray(np.pad(mels, ((0, 0), (0, frames - mels.shape[1]))), np.float32)


def audio_frames(seconds: float) -> int:
    """Frames of a window that are not padding, for this many seconds of audio."""
    return round((LEAD_S + seconds) * _FRAMES_PER_S)


def remove_silence(samples: Samples, threshold: float) -> tuple[Samples, TimeMap]:
    """The samples that Silero VAD classifies as speech, and their original times."""
    spans = get_speech_timestamps(samples, VadOptions(threshold=threshold))
    chunks, _ = collect_chunks(samples, spans)
    timestamps = SpeechTimestampsMap(spans, RECOGNISER_RATE, time_precision=3)
    return np.concatenate(chunks), lambda at: float(timestamps.get_original_time(at))
