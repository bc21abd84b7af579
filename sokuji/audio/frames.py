"""Frames of audio as the voice activity model rates them, and where among them a cut does the least harm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms

FRAME_SAMPLES = 512
"""Samples of one frame, mono int16 at 16 kHz; what the voice activity model takes."""
FRAME_MS = 32

# A cut is made in the quietest stretch of this many frames (160 ms): a pause between two words, where a
# single frame could be the closure of a "t".
_PAUSE_FRAMES = 5
_LEAST_SILENCE_FRAMES = 5
_QUANTISATION_NOISE = 1 / 12


@dataclass(frozen=True, slots=True)
class Frame:
    """Mono int16 at 16 kHz and what is known of it; the last one before a flush may be short."""

    pcm: bytes
    probability: float
    """Of speech, 0 to 1."""
    voiced: bool
    at_ms: int
    """Time of its first sample."""

    @property
    def end_ms(self) -> int:
        """Time behind its last sample."""
        return self.at_ms + duration_ms(self.pcm, RECOGNISER_RATE)


def snr_db(frames: Sequence[Frame]) -> float | None:
    """Signal-to-noise ratio in decibels; None where there is too little silence, or no more than noise.

    The noise is what sounds in the frames without speech, their median, so that the breath and the echo
    beside the words do not count; the signal is the mean of the others without that noise. Noise below the
    least that 16 bits can tell (1/12 of a squared step: W. R. Bennett, "Spectra of Quantized Signals", 1948)
    counts as that.
    """
    whole = [frame for frame in frames if len(frame.pcm) == 2 * FRAME_SAMPLES]
    voiced = np.array([frame.voiced for frame in whole], dtype=bool)
    if np.sum(~voiced) < _LEAST_SILENCE_FRAMES or not np.any(voiced):
        return None
    samples = np.frombuffer(b"".join(frame.pcm for frame in whole), "<i2").reshape(-1, FRAME_SAMPLES)
    powers = np.mean(np.square(samples, dtype=np.float32), axis=1)
    noise = max(float(np.median(powers[~voiced])), _QUANTISATION_NOISE)
    signal = float(np.mean(powers[voiced])) - noise
    return round(10 * math.log10(signal / noise), 1) if signal > 0 else None


def quietest(frames: Sequence[Frame], first: int) -> int:
    """Index of the frame, from ``first`` on, in the middle of the stretch with the least speech.

    The measure is RMS level times speech probability: the level tells a pause from a word where the
    probability stays high, the probability where there is constant noise.
    """
    levels = [
        frame.probability
        * float(np.sqrt(np.mean(np.square(np.frombuffer(frame.pcm, "<i2"), dtype=np.float64))))
        for frame in frames[first:]
    ]
    stretch = min(_PAUSE_FRAMES, len(levels))
    smoothed = np.convolve(levels, np.ones(stretch), mode="valid")
    return first + int(np.argmin(smoothed)) + stretch // 2
