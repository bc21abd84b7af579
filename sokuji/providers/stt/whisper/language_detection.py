"""Detects the language of an utterance among the candidates of its request.

Whisper's own probabilities are weighed against the request's prior (``language_evidence``). Where the result
is unsure in a short window, the language is detected again in the window length that Whisper was trained on.
"""

from collections.abc import Mapping

from faster_whisper import WhisperModel

from sokuji.contract import RecognitionRequest
from sokuji.providers.jobs import Job
from sokuji.providers.stt.language_evidence import posterior, speech_seconds
from sokuji.providers.stt.whisper.computations import LanguageDetectionPass
from sokuji.providers.stt.whisper.window_search import Window

_SURE = 0.7
"""Posterior probability below which the language is detected again in a full window."""


def detect_language(
    model: WhisperModel, window: Window, request: RecognitionRequest, languages: Mapping[str, str]
) -> Job[str]:
    """The canonical code of the language spoken.

    Args:
        window: the beginning of the utterance.
        request: an interim request is never detected twice.
        languages: all that the model knows, canonical code -> Whisper's code.
    """
    prior = request.language_prior or dict.fromkeys(languages, 1.0)
    if len(prior) == 1:
        return next(iter(prior))
    speech_s = speech_seconds(window.audio.samples)
    probabilities = yield from _probabilities(model, window, prior, languages, speech_s)
    if max(probabilities.values()) < _SURE and not request.interim and window is not window.full:
        probabilities = yield from _probabilities(model, window.full, prior, languages, speech_s)
    return max(probabilities, key=lambda code: probabilities[code])


def _probabilities(
    model: WhisperModel,
    window: Window,
    prior: Mapping[str, float],
    languages: Mapping[str, str],
    speech_s: float,
) -> Job[dict[str, float]]:
    by_token = yield LanguageDetectionPass(model, (yield from window.encoded()))
    detected = {code: by_token.get(languages[code], 0.0) for code in prior}
    return posterior(detected, prior, speech_s)
