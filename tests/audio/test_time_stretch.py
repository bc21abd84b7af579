"""Stretched speech has exactly the length that was asked for, and keeps its pitch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.audio.filter_graph import Samples
from sokuji.audio.time_stretch import TEMPOS, TimeStretcher

RATE = 22_050


def stretched(samples: Samples, tempo: float, cuts: list[int]) -> Samples:
    stretcher = TimeStretcher(RATE, tempo)
    *blocks, last = np.split(samples, sorted(cuts))
    parts = [stretcher.add(block, last=False) for block in blocks]
    return np.concatenate([*parts, stretcher.add(last, last=True)])


def tone(seconds: float, hertz: float = 220) -> Samples:
    wave: Samples = (0.3 * np.sin(2 * np.pi * hertz / RATE * np.arange(int(seconds * RATE)))).astype(
        np.float32
    )
    return wave


@settings(deadline=None, max_examples=30)
@given(
    st.floats(0, 1.5), st.floats(*TEMPOS), st.lists(st.floats(0, 1), max_size=5), st.sampled_from([220, 900])
)
def test_audio_out_is_as_long_as_audio_in_divided_by_the_tempo(
    seconds: float, tempo: float, shares: list[float], hertz: int
) -> None:
    samples = tone(seconds, hertz)
    cuts = [int(share * len(samples)) for share in shares]
    assert len(stretched(samples, tempo, cuts)) == round(len(samples) / tempo)


@pytest.mark.parametrize("tempo", [0.25, 1.0, 3.0, 4.0])
@pytest.mark.parametrize("cuts", [[], [1], [1, 2, 3], [14]])
def test_blocks_may_be_as_short_as_one_sample(tempo: float, cuts: list[int]) -> None:
    samples = tone(16 / RATE)
    assert len(stretched(samples, tempo, cuts)) == round(len(samples) / tempo)


@pytest.mark.parametrize("tempo", [0.5, 0.75, 1.5, 2.0])
def test_the_pitch_is_kept(tempo: float) -> None:
    spectrum = np.abs(np.fft.rfft(stretched(tone(2), tempo, [])))
    hertz = spectrum.argmax() * RATE / (2 * (len(spectrum) - 1))
    assert hertz == pytest.approx(220, rel=0.03)


def test_audio_comes_out_while_more_goes_in() -> None:
    stretcher = TimeStretcher(RATE, 2.0)
    assert len(stretcher.add(tone(0.5), last=False)) > 0.2 * RATE / 2
