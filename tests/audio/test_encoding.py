"""Sound that was encoded is decoded again: as long, at the rate told, and the same to the ear."""

import io
import tracemalloc

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from sokuji.audio import encoding
from sokuji.audio.encoding import FORMATS, AudioEncoder, encode
from sokuji.config import AudioFormat
from sokuji.errors import InvalidAudio, InvalidRequest, TooLarge

every_format = pytest.mark.parametrize("audio_format", FORMATS)
every_file = pytest.mark.parametrize("audio_format", [each for each in FORMATS if each != "pcm"])
LEADS_IN = {"mp3": 0.075, "aac": 0.055}
"""Seconds that a stream has before and behind the sound where no header can say that they do not count."""


def tone(rate: int, seconds: float = 1.0) -> bytes:
    """A sound that is nowhere like itself a moment later: it rises from 200 Hz."""
    at = np.arange(int(rate * seconds)) / rate
    return (8_000 * np.sin(2 * np.pi * (200 * at + 300 * at**2))).astype("<i2").tobytes()


def decode(data: bytes) -> tuple[int, NDArray[np.float64]]:
    """Rate and samples, full scale being 1."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].codec_context.sample_rate
    samples = np.concatenate(frames)
    scale = 32_768 if samples.dtype == np.int16 else 1
    return rate, samples.astype(np.float64) / scale


def alike(pcm: bytes, in_rate: int, heard: NDArray[np.float64], rate: int) -> float:
    """The greatest correlation of the sound with what was heard of it, wherever in it it begins."""
    seconds = len(pcm) / 2 / in_rate
    spoken = np.frombuffer(tone(rate, seconds), "<i2").astype(np.float64)
    size = len(spoken) + len(heard)
    found = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(spoken, size).conj())
    return float(found.max() / np.linalg.norm(spoken) / np.linalg.norm(heard))


@every_file
@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_a_file_is_as_long_as_the_sound_and_sounds_like_it(audio_format: AudioFormat, rate: int) -> None:
    pcm = tone(rate, 0.5)
    file = encode(pcm, rate, audio_format)
    decoded_rate, heard = decode(file.data)
    # Opus is always decoded at 48 kHz.
    assert decoded_rate == (48_000 if audio_format == "opus" else file.sample_rate)
    # A file of ADTS has no header that could say what does not count.
    within_s = 0.09 if audio_format == "aac" else 0.002
    assert len(heard) / decoded_rate == pytest.approx(0.5, abs=within_s)
    assert alike(pcm, rate, heard, decoded_rate) > 0.99


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_lossless_formats_lose_nothing(audio_format: AudioFormat) -> None:
    pcm = tone(20_000)
    file = encode(pcm, 20_000, audio_format)
    assert file.sample_rate == 20_000
    assert np.array_equal(decode(file.data)[1] * 32_768, np.frombuffer(pcm, "<i2"))


def test_pcm_is_what_was_given() -> None:
    assert encode(tone(20_000), 20_000, "pcm") == (tone(20_000), 20_000, "audio/pcm")


@pytest.mark.parametrize(
    ("audio_format", "rate", "made"),
    [("opus", 22_050, 24_000), ("opus", 44_100, 48_000), ("mp3", 20_000, 22_050), ("mp3", 8_001, 11_025)],
)
def test_a_rate_that_the_codec_does_not_know_becomes_the_next_one(
    audio_format: AudioFormat, rate: int, made: int
) -> None:
    pcm = tone(rate, 0.5)
    file = encode(pcm, rate, audio_format)
    assert file.sample_rate == made
    decoded_rate, heard = decode(file.data)
    assert len(heard) / decoded_rate == pytest.approx(0.5, abs=0.002)
    assert alike(pcm, rate, heard, decoded_rate) > 0.99


@every_file
@pytest.mark.parametrize("size", [66, 1_000])
def test_a_stream_is_encoded_while_it_comes(audio_format: AudioFormat, size: int) -> None:
    pcm = tone(22_050, 0.3)
    encoder = AudioEncoder(audio_format, 22_050)
    parts = [encoder.push(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    rest = encoder.flush()
    # Opus leaves in pages of 0.2 s.
    assert sum(map(len, parts)) > (0 if audio_format == "opus" else len(rest))
    rate, heard = decode(b"".join(parts) + rest)
    assert len(heard) / rate == pytest.approx(0.3 + LEADS_IN.get(audio_format, 0), abs=0.03)
    assert alike(pcm, 22_050, heard, rate) > 0.97


@every_format
def test_silence_of_no_length_is_a_file_too(audio_format: AudioFormat) -> None:
    file = encode(b"", 22_050, audio_format)
    assert len(file.data) < 10_000
    assert file.data[:4] in (b"RIFF", b"", b"ID3\x04", b"OggS", b"fLaC")


@every_format
def test_the_same_sound_gives_the_same_file_which_tells_nothing_of_its_maker(
    audio_format: AudioFormat,
) -> None:
    file = encode(tone(24_000, 0.2), 24_000, audio_format)
    assert file == encode(tone(24_000, 0.2), 24_000, audio_format)


@pytest.mark.parametrize(
    ("audio_format", "rate", "accepted"),
    [
        ("wma", 22_050, "accepted: wav, pcm, mp3, opus, aac, flac"),
        ("wav", 7_999, "from 8000 to 48000"),
        ("opus", 96_000, "from 8000 to 48000"),
    ],
)
def test_other_formats_and_rates_are_refused(audio_format: AudioFormat, rate: int, accepted: str) -> None:
    with pytest.raises(InvalidRequest, match=accepted):
        AudioEncoder(audio_format, rate)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="not whole frames"):
        AudioEncoder("wav", 22_050).push(b"\x00")


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_BYTES", 2 * 22_050)
    encoder = AudioEncoder("wav", 22_050)
    encoder.push(bytes(2 * 22_050))
    with pytest.raises(TooLarge, match="1 s at 22050 Hz"):
        encoder.push(bytes(2))


def test_what_is_handed_out_is_not_kept() -> None:
    encoder = AudioEncoder("wav", 48_000)
    encoder.push(bytes(96_000))
    tracemalloc.start()
    for _ in range(60):
        encoder.push(bytes(96_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 500_000
