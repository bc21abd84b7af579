"""The language of an utterance, from what a detector says and how probable each language was before. Pure.

Bayes' rule: the probabilities of the detector times the prior of the request. A detector sounds as sure of
half a second of speech as of five, and is wrong far more often there: Whisper base gives half of all short
answers a wrong language, at odds of up to 300 to 1, and one sentence in ten, at odds below 15 to 1. Its log
probabilities therefore count by the duration of the speech, and in full from a short sentence on.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE

_FULL_EVIDENCE_S = 1.5
"""Speech from which the detector's probabilities are taken as they are. The answers of one or two words that
were measured have 0.3 to 1 s, the sentences 1.8 s and more."""
_LEAST_PROBABILITY = 1e-6
"""No detector is surer than this that a language is not spoken."""
_FRAME = RECOGNISER_RATE // 50
_SPEECH_RANGE_DB = 25.0
"""Speech is at most this much quieter than its loudest 20 ms."""


def posterior(detected: Mapping[str, float], prior: Mapping[str, float], speech_s: float) -> dict[str, float]:
    """The probability of each language of ``prior``; together they are 1.

    Args:
        detected: language -> the detector's probability; a language that is missing has none.
        prior: language -> its relative probability before, above 0; at least one.
        speech_s: seconds of speech.
    """
    # The square separates answers from sentences better than a proportion.
    evidence = min(1.0, speech_s / _FULL_EVIDENCE_S) ** 2
    scores = {
        code: evidence * math.log(max(detected.get(code, 0.0), _LEAST_PROBABILITY)) + math.log(before)
        for code, before in prior.items()
    }
    highest = max(scores.values())
    weights = {code: math.exp(score - highest) for code, score in scores.items()}
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def speech_seconds(samples: NDArray[np.float32]) -> float:
    """How much of an utterance (16 kHz) is no pause: the seconds of frames near the level of the loudest."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames).mean(axis=1)
    least = power.max(initial=0.0) * 10 ** (-_SPEECH_RANGE_DB / 10)
    return float(np.count_nonzero(power > least)) * _FRAME / RECOGNISER_RATE
