"""Writes the containers of hostile files byte by byte: what no encoder would write."""

import struct
import zlib
from collections.abc import Iterable

UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
"""Size of a Matroska element that lasts until the next one of its level."""


def atom(kind: bytes, *contents: bytes) -> bytes:
    """An atom of an MP4 or QuickTime file."""
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_atom(kind: bytes, *contents: bytes) -> bytes:
    """An atom with version and flags."""
    return atom(kind, bytes(4), *contents)


def sample_table(samples: int, sample_bytes: int = 2) -> bytes:
    """``stbl`` of mono 16-bit PCM at 16 kHz that claims ``samples``, all of one size, in one chunk."""
    sound = bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHIHH", 1, 16, 0, 16_000, 0)
    return atom(
        b"stbl",
        full_atom(b"stsd", struct.pack(">I", 1), atom(b"sowt", sound)),
        # With a duration of 1 FFmpeg would make an entry for each chunk instead of each sample.
        full_atom(b"stts", struct.pack(">III", 1, samples, 2)),
        full_atom(b"stsc", struct.pack(">IIII", 1, 1, samples, 1)),
        full_atom(b"stsz", struct.pack(">II", sample_bytes, samples)),
        full_atom(b"stco", struct.pack(">II", 1, 48)),
    )


def audio_track(number: int, table: bytes, data_reference: bytes = b"") -> bytes:
    """``trak`` with a sample table; without a reference its samples are in this file."""
    reference = data_reference or full_atom(b"url ", b"").replace(bytes(4), b"\0\0\0\1", 1)
    media = atom(
        b"mdia",
        full_atom(b"mdhd", bytes(8), struct.pack(">II", 16_000, 2**31 - 1), bytes(4)),
        full_atom(b"hdlr", bytes(4), b"soun", bytes(13)),
        atom(
            b"minf",
            full_atom(b"smhd", bytes(4)),
            atom(b"dinf", full_atom(b"dref", struct.pack(">I", 1), reference)),
            table,
        ),
    )
    header = full_atom(b"tkhd", bytes(8), struct.pack(">I", number), bytes(68))
    return atom(b"trak", header, media)


def movie(tracks: Iterable[bytes], data: bytes = bytes(64)) -> bytes:
    """A QuickTime file."""
    return (
        atom(b"ftyp", b"qt  ", bytes(4), b"qt  ")
        + atom(b"mdat", data)
        + atom(b"moov", full_atom(b"mvhd", bytes(8), struct.pack(">I", 16_000), bytes(84)), *tracks)
    )


def compressed_movie(tracks: Iterable[bytes]) -> bytes:
    """A QuickTime file whose header is compressed."""
    header = movie(tracks, b"")[20 + 8 :]
    packed = struct.pack(">I", len(header)) + zlib.compress(header, 9)
    inner = atom(b"cmov", atom(b"dcom", b"zlib"), atom(b"cmvd", packed))
    return atom(b"ftyp", b"qt  ", bytes(4), b"qt  ") + atom(b"moov", inner) + atom(b"mdat", bytes(64))


def element(identifier: str, content: bytes, size: bytes = b"") -> bytes:
    """An element of a Matroska file; the identifier is in hexadecimal digits."""
    return bytes.fromhex(identifier) + (size or struct.pack(">Q", 2**56 | len(content))) + content


def matroska(
    blocks: bytes,
    *,
    codec: bytes = b"A_PCM/INT/LIT",
    private: bytes = b"",
    zlib_blocks: bool = False,
    others: bytes = b"",
) -> bytes:
    """A Matroska file with one mono track at 16 kHz (PCM: of 8 bits), and the blocks in one cluster.

    Args:
        private: what the decoder needs before the first block.
        zlib_blocks: whether the blocks are compressed.
        others: further tracks.
    """
    rate = element("B5", struct.pack(">d", 16_000))
    track = element("D7", b"\1") + element("73C5", b"\1") + element("83", b"\2") + element("86", codec)
    track += element("E1", rate + element("9F", b"\1") + element("6264", b"\x08"))
    if private:
        track += element("63A2", private)
    if zlib_blocks:
        track += element("6D80", element("6240", element("5034", element("4254", b"\0"))))
    return (
        element("1A45DFA3", element("4282", b"matroska"))
        + element("18538067", b"", UNKNOWN_SIZE)
        + element("1654AE6B", element("AE", track) + others)
        + element("1F43B675", element("E7", b"\0") + blocks)
    )


def other_track(kind: int, codec: bytes) -> bytes:
    """A further track of a Matroska file; kinds are 1: video, 17: subtitles, 33: metadata."""
    track = (
        element("D7", b"\2") + element("73C5", b"\2") + element("83", bytes([kind])) + element("86", codec)
    )
    return element("AE", track)


def block(payload: bytes) -> bytes:
    """A SimpleBlock at the time of its cluster; of one byte it takes seven."""
    content = b"\x81\0\0\x80" + payload
    if len(content) < 127:
        return b"\xa3" + bytes([0x80 | len(content)]) + content
    return element("A3", content)


def riff(*chunks: bytes) -> bytes:
    """A WAV file of these chunks."""
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def chunk(kind: bytes, content: bytes, claimed: int | None = None) -> bytes:
    """A chunk of a WAV file, whose header may claim another size."""
    return kind + struct.pack("<I", len(content) if claimed is None else claimed) + content


PCM_FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16))
"""Mono 16-bit PCM at 16 kHz."""
