"""Whether the microphone hears the loudspeaker, with real speech and a simulated room."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.live.echo import EchoDetector
from tests.support.speech import noise, samples

FRAME = 960

pytestmark = pytest.mark.slow


def speech(language: str) -> NDArray[np.float64]:
    return np.concatenate([np.frombuffer(pcm, "<i2") for _, pcm, _ in samples(language)]) / 32_768


def in_room(voice: NDArray[np.float64], delay_ms: int, gain: float) -> NDArray[np.float64]:
    """What a microphone hears of a voice: later, quieter, with 0.3 s of reverberation."""
    times = np.arange(int(0.3 * RECOGNISER_RATE))
    response = np.random.default_rng(1).normal(0, 1, times.size) * np.exp(-6.9 * times / times.size)
    response[0] = 4
    heard = np.convolve(voice, response / np.sqrt(np.sum(response**2)))[: voice.size] * gain
    return np.concatenate((np.zeros(delay_ms * RECOGNISER_RATE // 1_000), heard))[: voice.size]


def is_found(heard: NDArray[np.float64], played: NDArray[np.float64]) -> bool:
    size = min(heard.size, played.size)
    background = np.frombuffer(noise(1_000 * size // RECOGNISER_RATE + 1, level=0.001), "<i2") / 32_768
    heard, played = heard[:size] + background[:size], played[:size]
    detector = EchoDetector()
    found = False
    for start in range(0, size - FRAME, FRAME):
        detector.played(pcm(played[start : start + FRAME]))
        found |= detector.heard(pcm(heard[start : start + FRAME]))
    return found


def pcm(samples: NDArray[np.float64]) -> bytes:
    return (samples.clip(-1, 1) * 32_767).astype("<i2").tobytes()


@pytest.mark.parametrize(("delay_ms", "gain"), [(20, 0.5), (150, 0.1), (400, 0.05)])
def test_an_echo_is_found(delay_ms: int, gain: float) -> None:
    voice = speech("en")
    assert is_found(in_room(voice, delay_ms, gain), voice)


@pytest.mark.parametrize(("heard", "played"), [("pt", "en"), ("en", "pt"), ("es", "it"), ("fr", "en")])
def test_the_speech_of_somebody_else_is_no_echo(heard: str, played: str) -> None:
    assert not is_found(speech(heard), speech(played))


def test_silence_is_no_echo() -> None:
    voice = speech("en")
    assert not is_found(np.zeros(voice.size), voice)
    assert not is_found(voice, np.zeros(voice.size))
