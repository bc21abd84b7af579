"""Small files that ask their decoder for much, and files that ask for other sources. All are made here."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import av
import numpy as np

from tests.attacks.containers import (
    PCM_FORMAT,
    atom,
    audio_track,
    block,
    chunk,
    compressed_movie,
    element,
    full_atom,
    matroska,
    movie,
    riff,
    sample_table,
)
from tests.support.speech import tone_file

SAMPLES = 2_700_000
"""Just below the largest table that FFmpeg may allocate at once."""


def many_tracks() -> bytes:
    """15 KB that claim 30 tracks of 2.7 million samples each."""
    return movie(audio_track(number, sample_table(SAMPLES)) for number in range(1, 31))


def some_tracks() -> bytes:
    """As many tracks as a file may have, with as many samples."""
    return movie(audio_track(number, sample_table(SAMPLES)) for number in range(1, 17))


def very_many_tracks() -> bytes:
    """Twenty thousand tracks."""
    track = audio_track(1, sample_table(10))
    return movie([track] * 20_000)


def compressed_header() -> bytes:
    """Five thousand tracks in a header that is compressed."""
    return compressed_movie([audio_track(1, sample_table(100_000))] * 5_000)


def tiny_blocks() -> bytes:
    """20 MiB of blocks that hold one byte of PCM each."""
    return matroska(block(b"\x80") * (20 * 2**20 // 7))


def inflating_blocks() -> bytes:
    """0.4 MB of blocks that each expand to ten minutes of sound."""
    return matroska(block(zlib.compress(bytes(600 * 16_000), 9)) * 40, zlib_blocks=True)


def hour_of_flac() -> bytes:
    """An hour of silence in 0.6 MB."""
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        silence = np.zeros((1, 60 * 8_000), np.int16)
        for minute in range(60):
            frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8_000, minute * 60 * 8_000
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def hours_of_opus() -> bytes:
    """Forty hours of silence in 10 MB: packets of two bytes that stand for 120 ms each (RFC 6716, 3.2.5)."""
    head = b"OpusHead\1\1" + bytes(2) + struct.pack("<I", 16_000) + bytes(3)
    return matroska(block(b"\x0b\x06") * 1_200_000, codec=b"A_OPUS", private=head)


def nested_atoms() -> bytes:
    """Atoms within atoms, a hundred thousand levels deep."""
    depth = 100_000
    headers = b"".join(struct.pack(">I", 8 * (depth - level)) + b"moov" for level in range(depth))
    return atom(b"ftyp", b"qt  ", bytes(4), b"qt  ") + headers


def nested_elements() -> bytes:
    """Tags within tags of a Matroska file, as deep."""
    tags = b""
    for _ in range(2_000):
        tags = element("67C8", tags)
    return matroska(element("1254C367", element("7373", tags)))


def endless_chunks() -> bytes:
    """A million empty chunks before the sound, which never comes."""
    return riff(PCM_FORMAT, chunk(b"JUNK", b"") * 1_000_000)


def tags_in_a_row() -> bytes:
    """A hundred thousand ID3 tags in front of nothing."""
    return (b"ID3\4\0\0" + bytes(4)) * 100_000


def picture(claimed: int) -> bytes:
    """A FLAC file with a picture whose header claims ``claimed`` bytes, and no sound."""
    image = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 60_000, 60_000, 8, 6, 0, 0, 0)
    fields = struct.pack(">II", 3, 9) + b"image/png" + struct.pack(">I", 0)
    fields += struct.pack(">IIIII", 60_000, 60_000, 32, 0, claimed) + image
    info = bytes([0, 0, 0, 34]) + struct.pack(">HH", 4_096, 4_096) + bytes(6)
    info += struct.pack(">Q", 16_000 << 44 | 15 << 36 | 2**36 - 1) + bytes(16)
    return b"fLaC" + info + bytes([0x86]) + struct.pack(">I", len(fields))[1:] + fields


def with_picture() -> bytes:
    """Two seconds of sound, with a picture that claims to be of 60,000 x 60,000 pixels."""
    sound, pictured = tone_file("flac", "flac", 16_000), picture(40)
    return pictured[:4] + sound[4:42].replace(b"\x80", b"\0", 1) + pictured[42:] + sound[_frames_at(sound) :]


def _frames_at(flac: bytes) -> int:
    """Where the sound of a FLAC file begins."""
    at, last = 4, False
    while not last:
        last = bool(flac[at] & 0x80)
        at += 4 + int.from_bytes(flac[at + 1 : at + 4], "big")
    return at


def long_flac() -> bytes:
    """Two seconds of sound that claim to be 49 days."""
    sound = bytearray(tone_file("flac", "flac", 16_000))
    sound[21] |= 0x0F
    sound[22:26] = b"\xff" * 4
    return bytes(sound)


TABLES = {
    "APE": b"MAC " + struct.pack("<HHIIII", 3_990, 0, 52, 24, 2**28, 2**30) + bytes(28)
    + struct.pack("<HHIIIHHI", 4_000, 0, 73_728, 73_728, 2**28, 16, 1, 44_100),
    "TTA": b"TTA1" + struct.pack("<HHHIII", 1, 1, 16, 8_000, 2**32 - 1, 0),
    "CAF": b"caff\0\1\0\0desc" + struct.pack(">QdIIIIII", 32, 16_000, 0x6C70636D, 0, 0, 1, 1, 16)
    + b"pakt" + struct.pack(">QQQII", 2**40, 2**40, 2**40, 0, 0),
    "AU": b".snd" + struct.pack(">IIIII", 2**31, 2**31, 3, 16_000, 1),
    "W64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" + struct.pack("<Q", 2**62),
    "AIFF": b"FORM\xff\xff\xff\xffAIFFCOMM\xff\xff\xff\xff",
    "Ogg": b"OggS\0\2" + bytes(8) + struct.pack("<III", 1, 0, 0) + b"\xff" + b"\xff" * 255 + bytes(99),
}  # fmt: skip
"""Headers of formats with tables, which claim the largest."""


def claimed_table(name: str) -> bytes:
    """One of them."""
    return TABLES[name]


REFUSED: Mapping[str, Callable[[], bytes]] = {
    "many tracks": many_tracks,
    "very many tracks": very_many_tracks,
    "compressed header": compressed_header,
    "tiny blocks": tiny_blocks,
    "inflating blocks": inflating_blocks,
    "an hour of FLAC": hour_of_flac,
    "hours of Opus": hours_of_opus,
    "nested atoms": nested_atoms,
    "nested elements": nested_elements,
    "endless chunks": endless_chunks,
    "tags in a row": tags_in_a_row,
    "a picture": lambda: picture(40),
    "a picture of 2 GiB": lambda: picture(2**31 - 1),
    "FLAC without frames": lambda: tone_file("flac", "flac", 16_000)[:42],
    "header of a movie": lambda: tone_file("ipod", "aac", 48_000)[:3_000],
    "WAV without samples": lambda: riff(PCM_FORMAT, chunk(b"data", b"", 2**32 - 1)),
    **{f"claims of {name}": partial(claimed_table, name) for name in TABLES},
}
"""Files that are answered with an error."""

ACCEPTED: Mapping[str, Callable[[], bytes]] = {
    "WAV that claims 4 GiB": lambda: riff(PCM_FORMAT, chunk(b"data", bytes(64_000), 2**32 - 1)),
    "WAV that claims nothing": lambda: riff(PCM_FORMAT, chunk(b"data", bytes(64_000), 0)),
    "FLAC that claims 49 days": long_flac,
    "sound with a picture": with_picture,
}
"""Files of two seconds that are decoded as what they are."""

LISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "list.m3u": "#EXTM3U\n#EXTINF:2,a song\n{}\n",
    "list.pls": "[playlist]\nFile1={}\nNumberOfEntries=1\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "list.mpd": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period duration="PT2S">'
    '<AdaptationSet mimeType="audio/aac"><Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL>'
    "<SegmentBase/></Representation></AdaptationSet></Period></MPD>",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    "a={}\n",
    "list.asx": '<asx version="3.0"><entry><ref href="{}"/></entry></asx>',
    "list.wav": "#EXTM3U\n#EXTINF:2,\nconcat:{}|{}\n",
}
"""Playlists by name, with a place for what they refer to."""


def movie_elsewhere(path: str) -> bytes:
    """A QuickTime file whose samples are in another file."""
    location = path.encode().ljust(300, b"\0")
    record = bytes(4 + 4) + struct.pack(">H", 150) + bytes(2 + 2) + bytes(28) + bytes(12)
    alias = (
        record + struct.pack(">HH", 2, len(path)) + location[: len(path) + len(path) % 2] + b"\xff\xff\0\0"
    )
    return movie([audio_track(1, sample_table(16_000), full_atom(b"alis", alias))])
