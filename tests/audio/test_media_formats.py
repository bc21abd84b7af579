"""The formats that are accepted, what a refusal says, and that a file opens nothing but itself."""

import contextlib
import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from av.format import formats_available
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio import media_formats
from sokuji.audio.decoding import decode
from sokuji.audio.media_formats import audio_decoders
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms, wav_bytes
from sokuji.errors import InvalidAudio, TooLarge
from tests.support.speech import tone_file
from tests.support.tones import from_pcm, to_pcm, tone
from tests.support.untouched_address import address

__all__ = ["address"]

MEDIA = Path(__file__).parent / "media"
"""Tones of 440 Hz in formats that PyAV does not write, made with FFmpeg 5.1 and libgsm or libspeex."""
ENCODED = [
    *(("wav", codec, 16_000) for codec in ("adpcm_ms", "adpcm_ima_wav", "adpcm_yamaha", "g722", "pcm_u8")),
    *(("wav", codec, 8_000) for codec in ("pcm_alaw", "pcm_mulaw", "g726")),
    *(("aiff", codec, 44_100) for codec in ("pcm_s16be", "pcm_s24be")),
    *(("caf", codec, 44_100) for codec in ("pcm_s16be", "alac")),
    *(("au", codec, 8_000) for codec in ("pcm_mulaw", "pcm_s16be")),
    *(("asf", codec, 44_100) for codec in ("wmav1", "wmav2")),
    *((container, "libopencore_amrnb", 8_000) for container in ("amr", "3gp")),
    *((container, "ac3", 48_000) for container in ("ac3", "avi", "rm")),
    *(("avi", codec, 44_100) for codec in ("mp3", "pcm_s16le", "adpcm_ms")),
    *(("mpegts", codec, 44_100) for codec in ("mp2", "aac")),
    *(("flv", codec, 44_100) for codec in ("aac", "nellymoser")),
    *((container, "pcm_s16le", 16_000) for container in ("w64", "mov", "nut", "ircam")),
    *(("eac3", "eac3", 48_000), ("wv", "wavpack", 44_100), ("tta", "tta", 44_100)),
]


def assert_tone(heard: bytes, seconds: float) -> None:
    """A tone of 440 Hz. Codecs for speech change its level, and codecs pad to whole frames."""
    samples = from_pcm(heard)
    assert len(samples) / RECOGNISER_RATE == pytest.approx(seconds, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples[2_000:18_000]))
    assert spectrum.argmax() == pytest.approx(440, abs=5)
    assert spectrum[430:450].max() > 0.3 * spectrum.sum()


@pytest.mark.parametrize(("container", "codec", "rate"), ENCODED)
def test_what_ffmpeg_decodes_is_decoded(container: str, codec: str, rate: int) -> None:
    assert_tone(decode(tone_file(container, codec, rate), max_seconds=10), 2)


@pytest.mark.parametrize("name", ["tone.spx", "tone_gsm.wav", "tone.gsm"])
def test_codecs_for_telephones_are_decoded(name: str) -> None:
    assert_tone(decode((MEDIA / name).read_bytes(), max_seconds=10, name=name), 1.2)


def test_a_format_without_header_is_known_by_its_name() -> None:
    file = tone_file("g722", "g722", 16_000)
    assert_tone(decode(file, max_seconds=10, name="call.g722"), 2)
    with pytest.raises(InvalidAudio, match="found no known file format"):
        decode(file, max_seconds=10)


@pytest.mark.parametrize("suffix", ["ul", "al", "sw", "s16le", "f32le"])
def test_samples_of_an_unknown_rate_are_refused(suffix: str) -> None:
    """FFmpeg would take any rate that was recorded for 44,100 Hz."""
    with pytest.raises(InvalidAudio, match="found no known file format"):
        decode(to_pcm(tone(8_000)), max_seconds=10, name=f"call.{suffix}")


@pytest.mark.parametrize("bits", [b"\x04" + bytes(17), b"\x44" + bytes(60)])
def test_wide_band_amr_is_decoded(bits: bytes) -> None:
    assert duration_ms(decode(b"#!AMR-WB\n" + 50 * bits, max_seconds=10), RECOGNISER_RATE) == 1_000


def two_tracks() -> bytes:
    """A Matroska file with a track of silence in ALAC and one of a tone in PCM."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        streams = [output.add_stream(codec, rate=16_000, layout="mono") for codec in ("alac", "pcm_s16le")]
        for stream, samples in zip(streams, (np.zeros(32_000), tone(16_000)), strict=True):
            assert isinstance(stream, av.AudioStream)
            pcm = np.frombuffer(to_pcm(samples), "<i2")[np.newaxis]
            frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            frame.sample_rate = 16_000
            output.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def test_the_first_track_that_can_be_decoded_is_taken() -> None:
    assert not from_pcm(decode(two_tracks(), max_seconds=10)).any()
    assert_tone(decode(two_tracks().replace(b"A_ALAC", b"A_NONE"), max_seconds=10), 2)


def test_a_misleading_name_does_no_harm() -> None:
    file = tone_file("flac", "flac", 44_100)
    for name in ("a.gsm", "a.mp3", "a.m3u8", "../a.sdp", "a", "x" * 10_000 + ".wav", "a.\0", "\ud800.wav"):
        assert decode(file, max_seconds=10, name=name) == decode(file, max_seconds=10)


def test_every_audio_decoder_of_ffmpeg_is_used_and_no_other() -> None:
    wanted = {"adpcm_ms", "amrnb", "amrwb", "ac3", "dca", "g722", "gsm", "gsm_ms", "speex", "wmav2", "wmapro"}
    assert wanted < audio_decoders()
    assert not {"png", "mjpeg", "h264", "srt", "wavesynth"} & audio_decoders()


def wav_with_codec(tag: int, data: bytes) -> bytes:
    """A WAV file whose header names the codec with this number (RFC 2361)."""
    header = struct.pack("<HHIIHH", tag, 1, 16_000, 32_000, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def not_audio() -> dict[str, bytes]:
    silent_film = io.BytesIO()
    with av.open(silent_film, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 64
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    return {
        "empty": b"",
        "text": b"This is a text file that somebody named .wav.\n" * 200,
        "zeros": bytes(10_000),
        "riff header only": b"RIFF\x24\x00\x00\x00WAVE",
        "wav without samples": wav_bytes(b"", 16_000),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(5_000),
        "film without sound": silent_film.getvalue(),
        "subtitles": b"1\n00:00:00,000 --> 00:00:02,000\nHello\n",
        "unknown codec": wav_with_codec(0x4242, bytes(4_000)),
        "m4a without its index": tone_file("ipod", "aac", 44_100)[:4_000],
    }


@pytest.mark.parametrize("name", not_audio())
def test_what_holds_no_sound_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidAudio, match="accepted: WAV, AIFF, CAF") as caught:
        decode(not_audio()[name], max_seconds=10)
    assert caught.value.param == "audio_file"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (wav_with_codec(0x4242, bytes(4_000)), "wav (audio codec 0x4242)"),
        (wav_with_codec(0x11, bytes(4_000)), "wav (audio adpcm_ima_wav)"),
        (200 * (b"\xac\x40\x00\x20" + bytes(32)), "ac4 (audio ac4)"),
        (not_audio()["film without sound"], "mov,mp4,m4a,3gp,3g2,mj2 (video mpeg4)"),
        (b"This is a text.", "no known file format"),
    ],
)
def test_a_refusal_says_what_was_found(file: bytes, found: str) -> None:
    with pytest.raises(InvalidAudio) as caught:
        decode(file, max_seconds=10)
    assert f"found {found}; accepted: " in caught.value.message


PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "a.ffconcat": "ffconcat version 1.0\nfile {}\n",
    "a.mpd": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period duration="PT2S">'
    '<AdaptationSet mimeType="audio/aac"><Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL>'
    "<SegmentBase/></Representation></AdaptationSet></Period></MPD>",
    "a.idx": "# VobSub index file, v7\nsize: 720x576\nid: {}\n",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na={}\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("excluded", [True, False])
def test_playlists_open_nothing(
    name: str, excluded: bool, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if a container that opens other sources should not be known as such: no protocol is allowed."""
    if not excluded:
        monkeypatch.setattr(media_formats, "_OPEN_OTHER_SOURCES", frozenset())
        monkeypatch.setattr(media_formats, "_limits", media_formats._limits.__wrapped__)
    monkeypatch.chdir(tmp_path)
    Path("secret.aac").write_bytes(tone_file("adts", "aac", 16_000))
    for source in ("secret.aac", str(tmp_path / "secret.aac"), f"http://{address}/a.aac", f"tcp://{address}"):
        with pytest.raises(InvalidAudio):
            decode(PLAYLISTS[name].format(source).encode(), max_seconds=10, name=name)


def test_neither_devices_nor_generators_of_sound_are_opened() -> None:
    accepted = set(media_formats._limits()["format_whitelist"].split(","))
    devices = {"alsa", "fbdev", "kmsgrab", "lavfi", "oss", "v4l2", "x11grab"}
    assert devices & formats_available
    assert not accepted & (devices | {"sbg"})
    assert accepted >= {"wav", "mp3", "ogg", "flac", "mov", "matroska", "aac"}


FILES = [tone_file(*each, seconds=0.5) for each in ENCODED if each[0] != "mpegts"]


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=8),
)
def test_damaged_files_are_refused_or_decoded_but_never_crash(
    file: bytes, damage: list[tuple[float, bytes]]
) -> None:
    damaged = bytearray(file)
    for place, data in damage:
        at = round(place * len(file))
        damaged[at : at + len(data)] = data
    with contextlib.suppress(InvalidAudio, TooLarge):
        assert len(decode(bytes(damaged), max_seconds=5)) <= 5 * 2 * RECOGNISER_RATE
