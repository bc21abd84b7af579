"""Frames of audio with their probability of speech, and measures on them: SNR and the quietest place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms

FRAME_SAMPLES = 512
"""Samples of one frame, mono int16 at 16 kHz: the input size of the voice activity model."""
FRAME_MS = 32

# A cut is made in the quietest run of this many frames (160 ms), which is a pause between two words. A single
# quiet frame may be the closure of a "t".
_PAUSE_FRAMES = 5
_LEAST_SILENCE_FRAMES = 5
_QUANTISATION_NOISE = 1 / 12


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, mono int16 at 16 kHz, and its rating; the last frame before a flush may be shorter."""

    pcm: bytes
    probability: float
    """Of speech, 0 to 1."""
    voiced: bool
    """Whether the segmenter counts the frame as speech."""
    at_ms: int
    """Time of its first sample."""

    @property
    def end_ms(self) -> int:
        """Time of the end of its last sample."""
        return self.at_ms + duration_ms(self.pcm, RECOGNISER_RATE)


def snr_db(frames: Sequence[Frame]) -> float | None:
    """Signal-to-noise ratio in decibels; None if there is too little silence, or no signal above the noise.

    The noise power is the median of the frames without speech, which ignores breath and echo next to words.
    The signal power is the mean of the frames with speech, less the noise power. The noise power is at least
    that of the quantisation to 16 bits (1/12 of a squared step: W. R. Bennett, "Spectra of Quantized
    Signals", 1948).
    """
    complete = [frame for frame in frames if len(frame.pcm) == 2 * FRAME_SAMPLES]
    voiced = np.array([frame.voiced for frame in complete], dtype=bool)
    if np.sum(~voiced) < _LEAST_SILENCE_FRAMES or not np.any(voiced):
        return None
    samples = np.frombuffer(b"".join(frame.pcm for frame in complete), "<i2").reshape(-1, FRAME_SAMPLES)
    powers = np.mean(np.square(samples, dtype=np.float32), axis=1)
    noise = max(float(np.median(powers[~voiced])), _QUANTISATION_NOISE)
    signal = float(np.mean(powers[voiced])) - noise
    return round(10 * math.log10(signal / noise), 1) if signal > 0 else None


def quietest(frames: Sequence[Frame], first: int) -> int:
    """Index of the frame, from ``first`` on, in the middle of the run of frames with the least speech.

    The measure is RMS level times speech probability: the level finds a pause if the probability stays high,
    the probability finds it if there is constant noise.
    """
    levels = [
        frame.probability
        * float(np.sqrt(np.mean(np.square(np.frombuffer(frame.pcm, "<i2"), dtype=np.float64))))
        for frame in frames[first:]
    ]
    run = min(_PAUSE_FRAMES, len(levels))
    smoothed = np.convolve(levels, np.ones(run), mode="valid")
    return first + int(np.argmin(smoothed)) + run // 2
