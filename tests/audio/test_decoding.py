"""Decoding: every format comes out right; damaged, oversized and hostile files end in their clear error."""

import contextlib
import io
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms, wav_bytes
from sokuji.errors import InvalidAudio, TooLarge
from tests.support.speech import sample, tone_file
from tests.support.tones import assert_same_sound, from_pcm, to_pcm, tone

PCM_CODECS = ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le")
LOSSLESS = [("flac", "flac"), *(("wav", codec) for codec in PCM_CODECS)]
LOSSY = [("ogg", "libopus"), ("webm", "libopus"), ("ipod", "aac"), ("adts", "aac"), ("mp3", "libmp3lame")]


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(("container", "codec"), LOSSLESS)
def test_lossless_formats_come_out_exactly(container: str, codec: str, rate: int, layout: str) -> None:
    heard = decode(tone_file(container, codec, rate, layout), max_seconds=10)
    assert abs(len(heard) // 2 - 2 * RECOGNISER_RATE) <= 1
    assert_same_sound(heard, tone(RECOGNISER_RATE))


@pytest.mark.parametrize(("container", "codec"), LOSSY)
@pytest.mark.parametrize(("rate", "layout"), [(48_000, "mono"), (48_000, "stereo"), (16_000, "mono")])
def test_lossy_formats_come_out_as_the_same_sound(container: str, codec: str, rate: int, layout: str) -> None:
    heard = from_pcm(decode(tone_file(container, codec, rate, layout), max_seconds=10))
    assert abs(len(heard) / RECOGNISER_RATE - 2) < 0.15  # encoders pad to whole frames
    middle = heard[8_000:24_000]
    spectrum = np.abs(np.fft.rfft(middle))
    assert spectrum.argmax() == 440
    assert np.sqrt((middle**2).mean()) == pytest.approx(10_000 / np.sqrt(2), rel=0.1)


def test_opposed_channels_are_heard() -> None:
    left = tone(16_000)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(to_pcm(np.stack((left, -left), axis=1)))
    assert_same_sound(decode(file.getvalue(), max_seconds=10), left)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
def test_a_sample_that_is_no_sound_does_not_change_what_follows(value: float) -> None:
    left = tone(RECOGNISER_RATE)
    samples = np.stack((left, left), axis=1).astype("<f4") / 32_768
    samples[0, 0] = value
    header = struct.pack("<IHHIIHH", 16, 3, 2, RECOGNISER_RATE, 8 * RECOGNISER_RATE, 8, 32)
    chunks = b"WAVEfmt " + header + b"data" + struct.pack("<I", samples.nbytes) + samples.tobytes()
    assert_same_sound(decode(b"RIFF" + struct.pack("<I", len(chunks)) + chunks, max_seconds=10), left)


@pytest.mark.parametrize(("container", "codec"), [pair for pair in LOSSY if pair[0] != "mp3"])
def test_surround_formats_keep_their_level(container: str, codec: str) -> None:
    heard = from_pcm(decode(tone_file(container, codec, 48_000, "5.1"), max_seconds=10))[8_000:24_000]
    assert np.sqrt((heard**2).mean()) == pytest.approx(10_000 / np.sqrt(2), rel=0.1)


def test_a_file_object_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "speech"
    path.write_bytes(tone_file("flac", "flac", 44_100))
    with path.open("rb") as file:
        assert decode(file, max_seconds=10) == decode(path.read_bytes(), max_seconds=10)


def test_real_speech_survives_a_wav_file() -> None:
    speech = sample("en", "counting")
    assert decode(wav_bytes(speech, RECOGNISER_RATE), max_seconds=10) == speech


def test_title_in_an_old_encoding_does_no_harm() -> None:
    file = tone_file("wav", "pcm_s16le", 16_000)
    title = b"LIST" + struct.pack("<I", 16) + b"INFOINAM" + struct.pack("<I", 4) + b"caf\xe9"
    assert decode(file[:12] + title + file[12:], max_seconds=10) == decode(file, max_seconds=10)


def test_rate_and_channels_may_change_within_a_file() -> None:
    chained = tone_file("adts", "aac", 48_000, "stereo") + tone_file("adts", "aac", 16_000)
    assert len(decode(chained, max_seconds=10)) / 2 / RECOGNISER_RATE == pytest.approx(4, abs=0.2)


def test_limit_is_enforced_while_decoding() -> None:
    recording = tone_file("flac", "flac", 8_000, seconds=30)
    assert duration_ms(decode(recording, max_seconds=30), RECOGNISER_RATE) == 30_000
    file = io.BytesIO(recording)
    with pytest.raises(TooLarge, match="longer than 1 s") as caught:
        decode(file, max_seconds=1)
    assert caught.value.param == "audio_file"
    assert file.tell() < len(recording) / 2


@pytest.mark.parametrize(("container", "codec"), [*LOSSLESS, *(pair for pair in LOSSY if pair[0] != "ipod")])
def test_broken_off_files_yield_what_is_there(
    container: str, codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = tone_file(container, codec, 48_000)
    heard = decode(whole[: len(whole) // 2], max_seconds=10)
    assert 0.6 < len(heard) / 2 / RECOGNISER_RATE < 1.4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("container", "codec"), LOSSY)
def test_damage_costs_only_the_damaged_part(container: str, codec: str) -> None:
    file = bytearray(tone_file(container, codec, 48_000))
    file[len(file) // 2 : len(file) // 2 + 300] = np.random.default_rng(1).bytes(300)
    heard = decode(bytes(file), max_seconds=10)
    assert len(heard) / 2 / RECOGNISER_RATE > 0.8


def plain_wav(channels: int, rate: int) -> bytes:
    """A second of a constant on every channel; the header does not say which channels they are."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes(to_pcm(np.full(channels * rate, 10_000.0)))
    return file.getvalue()


@pytest.mark.parametrize(("channels", "rate"), [(9, 16_000), (64, 16_000), (2, 4_000), (1, 400_000)])
def test_absurd_formats_are_refused(channels: int, rate: int) -> None:
    with pytest.raises(InvalidAudio, match="accepted") as caught:
        decode(plain_wav(channels, rate), max_seconds=10)
    assert caught.value.param == "audio_file"


@pytest.mark.parametrize("channels", range(1, 9))
def test_unnamed_channels_are_mixed_to_the_same_level(channels: int) -> None:
    heard = from_pcm(decode(plain_wav(channels, 44_100), max_seconds=10))
    assert heard[8_000] == pytest.approx(10_000, abs=2)


def test_sizes_claimed_by_a_header_are_not_allocated(tmp_path: Path) -> None:
    path = tmp_path / "claims.wav"
    info = b"LIST" + struct.pack("<I", 2**31) + b"INFOISFT" + struct.pack("<I", 2**30)
    file = tone_file("wav", "pcm_s16le", 16_000)
    path.write_bytes(file[:12] + info + file[12:])
    program = (
        "import re, sys; from sokuji.audio.decoding import decode; from sokuji.errors import InvalidAudio\n"
        "try: decode(open(sys.argv[1], 'rb'), max_seconds=10)\n"
        # Not getrusage: its maximum counts what the parent held when it forked.
        "except InvalidAudio: print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 300_000  # KiB


@given(
    st.sampled_from(
        (b"", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC", b"OggS\0\2", b"\x1aE\xdf\xa3", b"ID3\4\0\0")
    ),
    st.binary(max_size=2_000),
)
def test_random_bytes_are_refused_or_decoded_but_never_crash(head: bytes, data: bytes) -> None:
    with contextlib.suppress(InvalidAudio, TooLarge):
        assert len(decode(head + data, max_seconds=5)) <= 5 * 2 * RECOGNISER_RATE
