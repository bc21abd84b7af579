"""What FFmpeg may open and decode of a file, and what it finds in a file that cannot be decoded.

Every container and audio codec that FFmpeg knows is accepted, except those that read anything but the file:
with a playlist (HLS, concat, ...) a sender could make it open files and addresses of this machine's network.
"""

import errno
import logging
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import av
from av.codec import Codec, codecs_available
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.error import FFmpegError
from av.format import ContainerFormat, formats_available
from av.logging import WARNING, Capture, get_level, set_level

FILE_FORMATS = (
    "WAV, AIFF, CAF, AU, FLAC, MP3, OGG, M4A, AMR, WMA, AC-3, WebM, MP4, AVI and what else FFmpeg decodes"
)
"""What ``decoding.decode`` reads, for messages."""

# fmt: off
_OPEN_OTHER_SOURCES = frozenset((
    "concat", "concatf", "dash", "hls", "image2", "image2pipe", "imf", "mlv", "rtp", "rtsp", "sap", "sdp",
    "vobsub", "webm_dash_manifest",
))
# fmt: on
MAX_TRACKS = 16
"""Of a file, of any kind: each takes memory before anything is decoded. FFmpeg reports more as no memory."""
# PCM without a header, which FFmpeg takes for 44,100 Hz if the suffix of the name is that of such a format.
_UNKNOWN_RATE = re.compile(r"[fsu]\d+([bl]e)?|alaw|mulaw|vidc")
# This one computes audio from a short description, without end.
_GENERATORS = frozenset(("sbg",))
_SYNTHESISERS = frozenset(("anull", "wavesynth"))

# "Could not find codec parameters for stream 0 (Audio: none (BB[0][0] / 0x4242), 16000 Hz): unknown codec"
_NAMELESS = re.compile(r"\(Audio: ([^,(]+?) ?(?:\([^(]*/ (0x[0-9A-F]+)\))?, ")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_CAPTURING = threading.Lock()
# What other threads do while one captures FFmpeg's messages is of no interest in the service's log.
logging.getLogger("libav").addHandler(logging.NullHandler())
logging.getLogger("libav").propagate = False


@cache
def audio_decoders() -> frozenset[str]:
    """FFmpeg's names of the decoders that may be used. Pictures and video are never decoded."""
    return frozenset(filter(_decodes_audio, codecs_available)) - _SYNTHESISERS


def _decodes_audio(name: str) -> bool:
    try:
        return Codec(name, "r").type == "audio"
    except UnknownCodecError:
        return False  # An encoder only.


def _reads_file(name: str) -> bool:
    """Whether a format is read from a file, and not from a device such as the screen or a microphone."""
    try:
        return not ContainerFormat(name, "r").no_file
    except ValueError:
        return False  # It can only be written.


@cache
def _limits() -> dict[str, str]:
    """Options of ``av.open``. FFmpeg detects the format from the content, and decodes while it probes."""
    containers = {
        name
        for name in formats_available - _OPEN_OTHER_SOURCES - _GENERATORS
        if not _UNKNOWN_RATE.fullmatch(name) and _reads_file(name)
    }
    return {
        "format_whitelist": ",".join(sorted(containers)),
        "codec_whitelist": ",".join(sorted(audio_decoders())),
        "max_streams": str(MAX_TRACKS),
        # No protocol has this name: whatever a container refers to, nothing else is opened.
        "protocol_whitelist": "none",
    }


@dataclass(frozen=True, slots=True)
class _NamedFile:
    """What PyAV needs of a file, and a name from which FFmpeg takes the suffix."""

    file: BinaryIO
    name: str

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self.file.seek(offset, whence)
        except (OSError, ValueError):  # A damaged file refers to a place before its beginning.
            return -errno.EINVAL

    def tell(self) -> int:
        return self.file.tell()


def open_media(file: BinaryIO, name: str = "") -> InputContainer:
    """Open a seekable file within these limits.

    Args:
        name: its suffix tells formats apart that have no header, such as ``.gsm``; the content comes first.

    Raises:
        FFmpegError: it is in no accepted container format.
    """
    suffix = _SUFFIX.search(name)
    named = _NamedFile(file, f"media{suffix[0] if suffix else ''}")
    return av.open(named, mode="r", options=_limits(), metadata_errors="replace")


def describe(file: BinaryIO, name: str = "") -> str:
    """What a file is that has no audio that can be decoded, for a message: its container and codecs."""
    file.seek(0)
    with _CAPTURING, Capture() as messages:
        level = get_level()
        set_level(WARNING)
        try:
            with open_media(file, name) as container:
                codecs = [
                    f"{each.type} {each.codec_context.name}"
                    for each in container.streams
                    if each.codec_context
                ]
                name = container.format.name
        except (FFmpegError, UnicodeError):
            return "no known file format"
        finally:
            set_level(level)
    # PyAV does not name codecs without a decoder, but FFmpeg warns of them.
    warned = [found for _, _, message in messages if (found := _NAMELESS.search(message))]
    codecs += [
        f"audio {f'codec {tag}' if codec == 'none' else codec}" for codec, tag in map(re.Match.groups, warned)
    ]
    return f"{name} ({', '.join(dict.fromkeys(codecs)) or 'no audio'})"
