"""What is taken for the language of an utterance, by detector, prior and duration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.providers.stt.language_evidence import posterior, speech_seconds
from tests.support.speech import noise, sample, silence

CODES = ("de", "en", "la", "pt")
PROBABILITIES = st.dictionaries(st.sampled_from(CODES), st.floats(0, 1))
PRIORS = st.dictionaries(st.sampled_from(CODES), st.floats(1e-3, 1), min_size=1)
HEARD_PORTUGUESE = {"pt": 1.0, "en": 0.1, "de": 0.1, "la": 0.005}


def most_probable(detected: dict[str, float], prior: dict[str, float], speech_s: float) -> str:
    probabilities = posterior(detected, prior, speech_s)
    return max(probabilities, key=lambda code: probabilities[code])


@given(PROBABILITIES, PRIORS, st.floats(0, 30))
def test_only_candidates_are_probable(
    detected: dict[str, float], prior: dict[str, float], speech_s: float
) -> None:
    probabilities = posterior(detected, prior, speech_s)
    assert probabilities.keys() == prior.keys()
    assert sum(probabilities.values()) == pytest.approx(1)


def test_a_short_answer_takes_the_language_of_its_conversation() -> None:
    assert most_probable({"en": 0.9, "pt": 0.02}, HEARD_PORTUGUESE, 0.6) == "pt"


def test_a_sentence_in_another_language_is_followed() -> None:
    assert most_probable({"en": 0.9, "pt": 0.02}, HEARD_PORTUGUESE, 2) == "en"


def test_without_history_the_detector_decides_at_any_duration() -> None:
    flat = dict.fromkeys(CODES, 1.0)
    assert {most_probable({"en": 0.4, "pt": 0.3}, flat, seconds) for seconds in (0.2, 1, 5)} == {"en"}


@pytest.mark.parametrize("level", [1, 0.1])
def test_speech_is_measured_without_the_pauses_around_it(level: float) -> None:
    def seconds(pcm: bytes) -> float:
        return speech_seconds(np.frombuffer(pcm, "<i2").astype(np.float32) * np.float32(level))

    spoken = sample("pt", "pangrama")
    alone = seconds(spoken)
    assert 0.5 < alone / (len(spoken) / 2 / RECOGNISER_RATE) <= 1
    quiet = noise(1_000, level=0.0005)
    assert seconds(quiet + spoken + quiet) == pytest.approx(alone, abs=0.05)
    assert seconds(silence(1_000)) == 0
    assert speech_seconds(np.zeros(0, np.float32)) == 0
