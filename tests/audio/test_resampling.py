"""Streaming resampling from every rate and channel count."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import StreamingResampler, resample
from sokuji.errors import InvalidAudio, InvalidRequest
from tests.support.speech import sample
from tests.support.tones import Samples, assert_same_sound, from_pcm, to_pcm, tone

RATES = (8_000, 11_025, 22_050, 24_000, 44_100, 48_000)


def interleaved(*channels: Samples) -> bytes:
    return to_pcm(np.stack(channels, axis=1))


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
@pytest.mark.parametrize("rate", [16_000, *RATES])
def test_two_seconds_in_are_the_same_two_seconds_out(rate: int, channels: int) -> None:
    resampler = StreamingResampler(rate, RECOGNISER_RATE, channels)
    pcm = interleaved(*[tone(rate)] * channels)
    step = rate // 50 * 2 * channels
    heard = b"".join(resampler.push(pcm[start : start + step]) for start in range(0, len(pcm), step))
    heard += resampler.flush()
    assert abs(len(heard) // 2 - 2 * RECOGNISER_RATE) <= 1
    assert_same_sound(heard, tone(RECOGNISER_RATE))


@pytest.mark.parametrize("rate", RATES)
def test_output_keeps_up_with_the_input(rate: int) -> None:
    resampler = StreamingResampler(rate, RECOGNISER_RATE)
    piece = tone(rate, 0.02)
    heard_ms = 0.0
    for count in range(1, 101):
        heard_ms += len(resampler.push(to_pcm(piece))) / 32
        held_ms = 1_000 * count * len(piece) / rate - heard_ms
        assert held_ms <= resampler.held_samples / 16 <= 9


@given(st.sampled_from(RATES), st.integers(1, 3), st.lists(st.integers(0, 9_000), max_size=8))
def test_result_does_not_depend_on_the_chunks(rate: int, channels: int, cuts: list[int]) -> None:
    pcm = np.random.default_rng(0).integers(-32_768, 32_768, 9_000 * channels).astype("<i2").tobytes()
    frame = 2 * channels
    resampler = StreamingResampler(rate, RECOGNISER_RATE, channels)
    chunks = [pcm[a * frame : b * frame] for a, b in pairwise([0, *sorted(cuts), 9_000])]
    chunked = b"".join(resampler.push(chunk) for chunk in chunks) + resampler.flush()
    whole = StreamingResampler(rate, RECOGNISER_RATE, channels)
    assert chunked == whole.push(pcm) + whole.flush()


def test_audio_in_the_right_format_passes_unchanged() -> None:
    speech = sample("en", "hello_world")
    assert StreamingResampler(16_000, 16_000).push(speech) == speech
    assert resample(speech, 16_000, 16_000) == speech


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(32_767, 32_767, 32_767), (-32_768, -32_768, -32_768), (100, 50, 75)],
)
def test_channels_are_averaged_without_overflow(left: float, right: float, expected: int) -> None:
    mixer = StreamingResampler(16_000, 16_000, 2)
    pcm = interleaved(np.full(400, left), np.full(400, right))
    assert set(from_pcm(mixer.push(pcm) + mixer.flush())) == {expected}


def test_full_scale_clips_and_does_not_wrap_around() -> None:
    square = np.sign(tone(48_000, 0.5)) * 32_767
    heard = from_pcm(resample(to_pcm(square), 48_000, 16_000))
    expected = np.sign(tone(16_000, 0.5))
    settled = (np.abs(heard) > 20_000) & (expected != 0)
    assert np.array_equal(np.sign(heard[settled]), expected[settled])
    assert settled.mean() > 0.9


def test_what_the_new_rate_cannot_hold_is_filtered_out() -> None:
    ultrasound = resample(to_pcm(tone(48_000, hertz=12_000)), 48_000, 16_000)
    assert np.abs(from_pcm(ultrasound)[800:-800]).max() < 10


def test_flush_starts_afresh() -> None:
    resampler = StreamingResampler(44_100, 16_000)
    pcm = to_pcm(tone(44_100, 0.5))
    first = resampler.push(pcm) + resampler.flush()
    assert resampler.push(pcm) + resampler.flush() == first
    assert resampler.flush() == b""


@pytest.mark.parametrize(("channels", "size"), [(1, 1), (1, 321), (2, 642), (6, 10)])
def test_partial_frames_are_refused_and_the_stream_goes_on(channels: int, size: int) -> None:
    resampler = StreamingResampler(48_000, 16_000, channels)
    with pytest.raises(InvalidAudio, match=f"{size} bytes are not whole frames") as caught:
        resampler.push(bytes(size))
    assert caught.value.param == "data"
    assert f"{channels} channel(s) takes {2 * channels} bytes a frame" in caught.value.message
    assert len(resampler.push(bytes(2 * channels * 48_000)) + resampler.flush()) == 32_000


@pytest.mark.parametrize(
    ("arguments", "param"),
    [
        ((7_999, 16_000, 1), "sample_rate"),
        ((48_001, 16_000, 1), "sample_rate"),
        ((16_000, 0, 1), "output_sample_rate"),
        ((16_000, 16_000, 0), "channels"),
        ((16_000, 16_000, 9), "channels"),
    ],
)
def test_formats_out_of_bounds_are_refused(arguments: tuple[int, int, int], param: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{param} must be from") as caught:
        StreamingResampler(*arguments)
    assert caught.value.param == param


@pytest.mark.parametrize("rate", RATES)
def test_opposed_channels_are_heard(rate: int) -> None:
    resampler = StreamingResampler(rate, RECOGNISER_RATE, 2)
    heard = resampler.push(interleaved(tone(rate), -tone(rate)), last=True)
    assert_same_sound(heard, tone(RECOGNISER_RATE))
