"""The mix of several channels loses no channel, and leaves ordinary stereo as it is."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.downmix import Downmixer, Samples
from tests.support.speech import noise, sample
from tests.support.tones import from_pcm, tone

RATE = 16_000


def speech(language: str = "pt", name: str = "contagem") -> Samples:
    return from_pcm(sample(language, name))[: 2 * RATE].astype(np.float32)


SPEECH, OTHER = speech(), speech("en", "counting")
NOTHING = np.zeros_like(SPEECH)
HUM = tone(RATE, 2, hertz=50, amplitude=2_000).astype(np.float32)


def mix(*channels: Samples, rate: int = RATE) -> Samples:
    mixer = Downmixer(rate, len(channels))
    return np.concatenate((mixer.push(np.stack(channels, axis=1)), mixer.flush()))


def band(samples: Samples) -> Samples:
    """The samples without hum and offsets."""
    spectrum = np.fft.rfft(samples)
    spectrum[: 150 * len(samples) // RATE] = 0
    result: Samples = np.fft.irfft(spectrum, len(samples)).astype(np.float32)
    return result


def energy(samples: Samples) -> float:
    return float((band(samples).astype(np.float64) ** 2).sum())


def late(samples: Samples, delay: int) -> Samples:
    return np.concatenate((NOTHING[:delay], samples[:-delay]))


def hiss(seed: int, level: float) -> Samples:
    return from_pcm(noise(2_000, seed=seed, level=level)).astype(np.float32)


ORDINARY = {
    "the same on both": (SPEECH, SPEECH),
    "a speaker each": (SPEECH, OTHER),
    "panned apart": (SPEECH + 0.3 * OTHER, 0.3 * SPEECH + OTHER),
    "near mono with noise": (SPEECH + hiss(1, 0.01), SPEECH + hiss(2, 0.01)),
    "one 12 dB louder": (SPEECH, SPEECH / 4),
    **{f"microphones {delay / 16:g} ms apart": (SPEECH, late(SPEECH, delay)) for delay in (4, 8, 24, 40)},
    "surround": (SPEECH, SPEECH, OTHER, OTHER, SPEECH, OTHER),
    "digital silence": (NOTHING, NOTHING),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_stereo_is_averaged(kind: str) -> None:
    channels = ORDINARY[kind]
    average = np.mean(channels, axis=0)
    error = np.abs(mix(*channels) - average)
    assert np.sqrt((error**2).mean()) <= 0.001 * np.sqrt((average**2).mean())


@pytest.mark.parametrize(
    "channels",
    [
        (SPEECH, -SPEECH),
        (SPEECH, -0.5 * SPEECH),
        (SPEECH + HUM, -SPEECH + HUM),
        (SPEECH + 3_000, -SPEECH + 3_000),
        (SPEECH + hiss(1, 0.005), -SPEECH + hiss(2, 0.005)),
        (SPEECH, -SPEECH, SPEECH, -SPEECH),
        (SPEECH, SPEECH, -SPEECH, -SPEECH, -SPEECH, -SPEECH),
        (NOTHING, SPEECH, -SPEECH),
    ],
)
def test_opposed_channels_do_not_cancel(channels: tuple[Samples, ...]) -> None:
    loudest = max(map(energy, channels))
    assert energy(np.mean(channels, axis=0)) < 0.2 * loudest
    assert energy(mix(*channels)) > 0.5 * loudest


@pytest.mark.parametrize("count", [2, 6, 8])
@pytest.mark.parametrize("dead", [NOTHING, hiss(3, 0.0002)])
def test_dead_channels_make_a_live_one_no_quieter(count: int, dead: Samples) -> None:
    for position in range(count):
        channels = [dead] * count
        channels[position] = SPEECH
        assert energy(mix(*channels)) == pytest.approx(energy(SPEECH), rel=0.05)


def test_a_much_louder_channel_makes_no_other_quieter() -> None:
    loud, quiet = np.float32(30) * OTHER, np.float32(0.1) * SPEECH
    assert np.abs(mix(loud, quiet) - loud - quiet)[RATE // 2 :].max() <= 1


def test_a_change_of_phase_costs_less_than_a_tenth_of_a_second() -> None:
    half = RATE
    changed = np.concatenate((SPEECH[:half], -SPEECH[half:]))
    error = np.abs(np.abs(mix(SPEECH, changed)) - np.abs(SPEECH))
    assert np.flatnonzero(error > 1).size < 0.1 * RATE
    assert np.flatnonzero(error > 1).max() < half + 0.1 * RATE


def test_a_change_of_phase_makes_no_click() -> None:
    low = tone(RATE, 2, hertz=400).astype(np.float32)
    steps = np.abs(np.diff(mix(low, np.concatenate((low[:RATE], -low[RATE:])))))
    assert steps.max() < 1.5 * np.abs(np.diff(low)).max()


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=4),
    st.sampled_from([8_000, 16_000, 44_100, 48_000]),
)
def test_two_channels_keep_a_third_of_their_energy(gains: list[tuple[float, float]], rate: int) -> None:
    rng = np.random.default_rng(0)
    sources = rng.normal(0, 3_000, (rate, len(gains)))
    channels = (sources @ np.array(gains)).astype(np.float32)
    mixed = mix(*channels.T, rate=rate).astype(np.float64)
    total = float((channels.astype(np.float64) ** 2).sum())
    # The mean of two channels has a quarter of the energy of their sum.
    assert (mixed**2).sum() >= total / 3 / 4


@given(st.integers(1, 6), st.lists(st.integers(0, 3_000), max_size=8), st.sampled_from([8_000, 22_050]))
def test_the_result_does_not_depend_on_the_chunks(channels: int, cuts: list[int], rate: int) -> None:
    samples = np.random.default_rng(0).normal(0, 3_000, (3_000, channels)).astype(np.float32)
    samples[1_000:2_000] *= -1
    mixer = Downmixer(rate, channels)
    chunks = [mixer.push(samples[a:b]) for a, b in pairwise([0, *sorted(cuts), 3_000])]
    chunked = np.concatenate((*chunks, mixer.flush()))
    assert len(chunked) == 3_000
    np.testing.assert_array_equal(chunked, np.concatenate((mixer.push(samples), mixer.flush())))
