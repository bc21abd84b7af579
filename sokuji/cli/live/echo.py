"""Finds out whether the loudspeaker is heard by the microphone, which would be translated again and again.

What was heard is compared with what was played by generalised cross-correlation with phase transform
(GCC-PHAT; Knapp and Carter, 1976): an echo is a copy, so that its correlation has one high peak at its delay;
the speech of somebody else has none, whatever its loudness.
"""

import numpy as np
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE

WINDOW_S = 2.0
"""What is compared at a time."""
MAX_DELAY_S = 1.0
"""From the time at which a sample is played to that at which it is heard: both cards keep some back."""
EVERY_S = 1.0
_MAX_HZ = 3_500
"""Above it speech has so little that the transform compares noise."""
_PEAK = 20.0
"""Of the correlation, in multiples of its root mean square. Unrelated speech of six languages stays below 18;
an echo 10 to 26 dB below the voice, in a room with 0.3 s of reverberation, is above 22 in 95 of 100 cases."""
_AUDIBLE = 10 ** (-55 / 20)
"""RMS of what is worth a comparison, as a share of full scale."""
_FOUND = 2
"""Comparisons in a row that must find an echo."""

_Samples = NDArray[np.float32]


class EchoDetector:
    """Is told what is heard and what is played, both at ``RECOGNISER_RATE``, each without a gap."""

    def __init__(self) -> None:
        self._heard: _Samples = np.zeros(0, np.float32)
        self._played: _Samples = np.zeros(0, np.float32)
        self._new = 0
        self._found = 0

    def played(self, pcm: bytes) -> None:
        """Take what was played, silence included."""
        self._played = _appended(self._played, pcm, WINDOW_S + MAX_DELAY_S)

    def heard(self, pcm: bytes) -> bool:
        """Take what was heard; returns whether it has been an echo for some seconds."""
        self._heard = _appended(self._heard, pcm, WINDOW_S)
        self._new += len(pcm) // 2
        if self._new >= EVERY_S * RECOGNISER_RATE:
            self._new = 0
            self._found = self._found + 1 if self._is_echo() else 0
        return self._found >= _FOUND

    def _is_echo(self) -> bool:
        heard, played = self._heard, self._played
        if min(map(_rms, (heard, played))) < _AUDIBLE:
            return False
        size = 1 << (len(heard) + len(played) - 1).bit_length()
        cross = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
        cross[_MAX_HZ * size // RECOGNISER_RATE :] = 0
        correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-12), size)
        return bool(np.max(np.abs(correlation)) > _PEAK * _rms(correlation.astype(np.float32)))


def _appended(samples: _Samples, pcm: bytes, longest_s: float) -> _Samples:
    new = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    joined: _Samples = np.concatenate((samples, new))
    return joined[-int(longest_s * RECOGNISER_RATE) :]


def _rms(samples: _Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0
