"""Samples leave a voice at its level, below full scale, and in the time that the speed demands."""

import numpy as np
import pytest

from sokuji.audio.filter_graph import Samples
from sokuji.audio.loudness import CEILING
from sokuji.providers.tts.postprocessing import Postprocessing

RATE = 24_000


def tone(level: float, seconds: float = 0.5) -> Samples:
    wave: Samples = (level * np.sin(np.arange(int(seconds * RATE)) * 0.1)).astype(np.float32)
    return wave


def processed(samples: Samples, *, speed: float = 1.0, gain: float = 1.0) -> Samples:
    """The samples in five blocks, full scale is 1."""
    processing = Postprocessing(RATE, speed=speed, gain=gain)
    blocks = np.array_split(samples, 5)
    pcm = b"".join(processing.add(block, last=block is blocks[-1]) for block in blocks)
    return (np.frombuffer(pcm, "<i2") / 32_767).astype(np.float32)


def test_the_gain_changes_the_level_alone() -> None:
    assert np.allclose(processed(tone(0.2), gain=2.5), tone(0.5), atol=1e-4)


@pytest.mark.parametrize("gain", [1.0, 4.0, 100.0])
def test_no_gain_makes_the_speech_clip(gain: float) -> None:
    assert np.abs(processed(tone(0.9), gain=gain)).max() <= CEILING + 1e-4


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_the_length_is_that_of_the_speed(speed: float) -> None:
    assert len(processed(tone(0.3), speed=speed)) == round(RATE / 2 / speed)


def test_audio_is_passed_on_while_more_is_synthesised() -> None:
    processing = Postprocessing(RATE, speed=1, gain=1)
    held = RATE // 2 - len(processing.add(tone(0.3), last=False)) // 2
    assert 0 < held <= RATE * 4 // 1_000
