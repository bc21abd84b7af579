"""What a recogniser is measured on: the recordings of ``pytest-audioeval``, alone, joined and with noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.measure.samples import sentences

_LEAD_MS, _TAIL_MS = 300, 100
"""Silence around the speech, about what a session leaves there."""
_NOISE = 0.004
"""RMS of the noise, as a share of full scale: some 30 dB below the voices."""
_PAUSES_MS = (300, 700)


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance and its words."""

    language: str
    pcm: bytes
    words: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / 2 / RECOGNISER_RATE


def material(language: str, seed: int = 0) -> Iterator[Spoken]:
    """Each recording, all pairs and all three in several orders with pauses; each also with light noise.

    Raises:
        InvalidRequest: there are no recordings of this language.
        ModelMissing: the recordings are not installed.
    """
    clips = list(zip(sentences(language), transcripts(language), strict=True))
    noise = np.random.default_rng(seed)
    orders = [(0,), (1,), (2,), (0, 1), (1, 2), (2, 0), (0, 1, 2), (2, 1, 0)]
    for number, order in enumerate(orders):
        pause = _silence(_PAUSES_MS[number % len(_PAUSES_MS)])
        speech = pause.join(clips[index][0] for index in order)
        pcm = _silence(_LEAD_MS) + speech + _silence(_TAIL_MS)
        words = " ".join(clips[index][1] for index in order)
        yield Spoken(language, pcm, words)
        yield Spoken(language, _noisy(pcm, noise), words)


def transcripts(language: str) -> list[str]:
    """The words of the recordings, in the order of ``sentences``."""
    folder = files("pytest_audioeval") / "samples" / "audio" / language
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".txt")), key=lambda f: f.name)
    return [file.read_text("utf-8").strip() for file in found]


def _silence(ms: int) -> bytes:
    return bytes(2 * ms * RECOGNISER_RATE // 1_000)


def _noisy(pcm: bytes, noise: np.random.Generator) -> bytes:
    samples = np.frombuffer(pcm, "<i2") + noise.normal(0, _NOISE * 32_767, len(pcm) // 2)
    return samples.clip(-32_768, 32_767).astype("<i2").tobytes()
