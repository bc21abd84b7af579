"""The signal-to-noise ratio of an utterance: right for known signals, absent where it cannot be told."""

import numpy as np
import pytest

from sokuji.audio.frames import FRAME_MS, FRAME_SAMPLES, Frame, snr_db

RANDOM = np.random.default_rng(1)


def frame(level: float, voiced: bool, number: int) -> Frame:
    noise = RANDOM.normal(0, level, FRAME_SAMPLES) if level else np.zeros(FRAME_SAMPLES)
    return Frame(noise.astype("<i2").tobytes(), float(voiced), voiced, number * FRAME_MS)


def utterance(noise: float, speech: float, *, silent: int = 10, voiced: int = 30) -> list[Frame]:
    levels = [(noise, False)] * silent + [(float(np.hypot(speech, noise)), True)] * voiced
    return [frame(level, voiced, number) for number, (level, voiced) in enumerate(levels)]


@pytest.mark.parametrize("expected", [0, 10, 20, 40])
def test_it_is_the_ratio_of_the_powers_in_decibels(expected: float) -> None:
    assert snr_db(utterance(50, 50 * 10 ** (expected / 20))) == pytest.approx(expected, abs=1)


def test_a_click_in_the_silence_does_not_count() -> None:
    frames = utterance(50, 500)
    frames[3] = frame(5_000, False, 3)
    assert snr_db(frames) == pytest.approx(20, abs=1)


def test_digital_silence_has_the_noise_of_its_sixteen_bits() -> None:
    found = snr_db(utterance(0, 3_000))
    assert found == pytest.approx(20 * np.log10(3_000) + 10 * np.log10(12), abs=1)


@pytest.mark.parametrize(
    "frames", [utterance(50, 500, silent=4), utterance(50, 500, voiced=0), utterance(500, 0)[:1], []]
)
def test_it_is_absent_where_it_cannot_be_told(frames: list[Frame]) -> None:
    assert snr_db(frames) is None


def test_what_is_no_louder_than_the_silence_has_none() -> None:
    quiet = [frame(500, False, number) for number in range(10)] + [
        frame(5, True, number) for number in range(9)
    ]
    assert snr_db(quiet) is None
