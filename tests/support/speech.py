"""Real speech from ``pytest-audioeval``, silence and noise, as PCM or as audio files.

Unless a rate is given, audio is mono int16 little-endian PCM at 16 kHz. Languages: en, es, fr, hi, it, ja,
pl, pt, zh, three recordings each; ``name`` is the file's name without ending, for example ``sample("pt",
"contagem")``.
"""

import io
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import av
import numpy as np

from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE
from tests.support.tones import to_pcm, tone

_LONGEST_S = 60.0


def _folder(language: str) -> Traversable:
    return files("pytest_audioeval") / "samples" / "audio" / language


@cache
def sample(language: str, name: str) -> bytes:
    """A recording."""
    return decode((_folder(language) / f"{name}.wav").read_bytes(), max_seconds=_LONGEST_S)


def reference(language: str, name: str) -> str:
    """The words spoken in a recording."""
    return (_folder(language) / f"{name}.txt").read_text("utf-8").strip()


def samples(language: str) -> list[tuple[str, bytes, str]]:
    """Every recording of a language as (name, pcm, words), sorted by name."""
    names = sorted(Path(file.name).stem for file in _folder(language).iterdir() if file.name.endswith(".wav"))
    return [(name, sample(language, name), reference(language, name)) for name in names]


def silence(ms: int) -> bytes:
    """Digital silence."""
    return bytes(2 * ms * RECOGNISER_RATE // 1_000)


def noise(ms: int, *, seed: int = 0, level: float = 0.002) -> bytes:
    """White noise; ``level`` is its RMS as a share of full scale."""
    samples = np.random.default_rng(seed).normal(0, level * 32_767, ms * RECOGNISER_RATE // 1_000)
    return samples.clip(-32_768, 32_767).astype("<i2").tobytes()


def encode(
    pcm: bytes, container: str, codec: str, *, rate: int = RECOGNISER_RATE, layout: str = "mono"
) -> bytes:
    """Mono PCM as a file, the same on every channel; names are FFmpeg's, such as ``("ipod", "aac")``."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        if codec.startswith("wma"):
            stream.bit_rate = 64_000  # It has no default.
        samples = np.frombuffer(pcm, "<i2").repeat(stream.layout.nb_channels)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate = rate
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def tone_file(container: str, codec: str, rate: int, layout: str = "mono", *, seconds: float = 2.0) -> bytes:
    """A tone of 440 Hz as a file; see ``encode``."""
    return encode(to_pcm(tone(rate, seconds)), container, codec, rate=rate, layout=layout)
