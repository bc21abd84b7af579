"""G.711 against the values of the recommendation, and there and back."""

import numpy as np
import pytest

from sokuji.audio.g711 import Law, decode, encode

LAWS: tuple[Law, ...] = ("mulaw", "alaw")


@pytest.mark.parametrize(
    ("law", "sample", "byte"),
    [
        # ITU-T G.711, tables 1a, 1b, 2a and 2b, with samples scaled to 16 bits.
        ("mulaw", 0, 0xFF),
        ("mulaw", 32_124, 0x80),
        ("mulaw", -32_124, 0x00),
        ("alaw", 8, 0xD5),
        ("alaw", 32_256, 0xAA),
        ("alaw", -32_256, 0x2A),
    ],
)
def test_samples_have_the_codes_of_the_recommendation(law: Law, sample: int, byte: int) -> None:
    pcm = sample.to_bytes(2, "little", signed=True)
    assert encode(pcm, law) == bytes([byte])
    assert decode(bytes([byte]), law) == pcm


@pytest.mark.parametrize("law", LAWS)
def test_every_code_survives_decoding_and_encoding(law: Law) -> None:
    codes = bytes(range(256))
    again = decode(encode(decode(codes, law), law), law)
    assert again == decode(codes, law)


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_comes_back_within_the_step_of_its_code(law: Law) -> None:
    samples = np.arange(-32_768, 32_768, dtype=np.int64)
    there_and_back = np.frombuffer(decode(encode(samples.astype("<i2").tobytes(), law), law), "<i2")
    error = np.abs(there_and_back.astype(np.int64) - samples)
    # A step is at most a sixteenth of the sample, and the tables decide to a tenth of a step.
    audible = np.abs(samples) < 32_000
    assert (error <= np.maximum(16, np.abs(samples) / 26 + 4))[audible].all()


@pytest.mark.parametrize("law", LAWS)
def test_no_audio_is_no_audio(law: Law) -> None:
    assert encode(b"", law) == decode(b"", law) == b""
