"""Loudness is measured as EBU R 128 says, and limited peaks stay below the ceiling without a click."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.filter_graph import Samples
from sokuji.audio.loudness import CEILING, TARGET_LUFS, Limiter, gain_to_target, integrated_loudness

RATE = 24_000


def tone(level: float, seconds: float = 3) -> Samples:
    wave: Samples = (level * np.sin(2 * np.pi * 997 / RATE * np.arange(int(seconds * RATE)))).astype(
        np.float32
    )
    return wave


def limited(samples: Samples, cuts: list[int]) -> Samples:
    limiter = Limiter(RATE)
    *blocks, last = np.split(samples, sorted(cuts))
    parts = [limiter.add(block, last=False) for block in blocks]
    return np.concatenate([*parts, limiter.add(last, last=True)])


@pytest.mark.parametrize("dbfs", [-6, -20, -40])
def test_a_tone_of_997_hz_has_the_loudness_that_the_standard_gives_it(dbfs: float) -> None:
    # BS.1770-4, annex 1: 0 dBFS in one channel reads -3.01 LUFS.
    assert integrated_loudness(tone(10 ** (dbfs / 20)), RATE) == pytest.approx(dbfs - 3.01, abs=0.1)


@pytest.mark.parametrize("samples", [tone(0), tone(0.5, 0.3), tone(0.5, 0)], ids=["silent", "short", "empty"])
def test_silence_and_very_short_audio_have_no_loudness_and_keep_their_level(samples: Samples) -> None:
    loudness = integrated_loudness(samples, RATE)
    assert loudness == -math.inf
    assert gain_to_target(loudness) == 1


def test_the_gain_brings_audio_to_the_target() -> None:
    gain = gain_to_target(integrated_loudness(tone(0.2), RATE))
    assert integrated_loudness(tone(0.2 * gain), RATE) == pytest.approx(TARGET_LUFS, abs=0.1)


def noise(seed: int, level: float, length: int) -> Samples:
    return np.random.default_rng(seed).normal(0, level, length).astype(np.float32)


@given(
    st.builds(noise, st.integers(0, 99), st.floats(0.05, 3), st.integers(0, 3_000)),
    st.lists(st.floats(0, 1), max_size=5),
)
def test_no_limited_sample_exceeds_the_ceiling_and_blocks_make_no_difference(
    samples: Samples, shares: list[float]
) -> None:
    whole = limited(samples, [])
    assert len(whole) == len(samples)
    assert np.abs(whole).max(initial=0) <= CEILING * (1 + 1e-6)
    in_blocks = limited(samples, [int(share * len(samples)) for share in shares])
    assert np.allclose(whole, in_blocks, atol=1e-6)


def test_audio_below_the_ceiling_passes_unchanged() -> None:
    samples = tone(0.85)
    assert np.array_equal(limited(samples, [100, 5_000]), samples)


def test_a_peak_turns_only_its_surroundings_down() -> None:
    samples = tone(0.5, 0.1)
    samples[1_200] = 2
    out = limited(samples, [])
    far = np.abs(np.arange(len(samples)) - 1_200) > RATE * 4 // 1_000
    assert np.array_equal(out[far], samples[far])
    assert abs(out[1_200]) == pytest.approx(CEILING, rel=1e-3)
