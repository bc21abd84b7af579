"""Recorded speech with its transcript, from ``pytest-audioeval``: single, composed, and with noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.measure.samples import fill, joined, sentences

_LEAD_MS, _TAIL_MS = 300, 100
"""Silence around the speech of a varied sample, about what a session leaves there."""
_NOISE = 0.004
"""RMS of the noise as a share of full scale: about 30 dB below the voices."""
_PAUSES_MS = (300, 700)
_ORDERS = [(0,), (1,), (2,), (0, 1), (1, 2), (2, 0), (0, 1, 2), (2, 1, 0)]


@dataclass(frozen=True, slots=True)
class SpeechSample:
    """Mono int16 PCM at 16 kHz and the words that are spoken in it."""

    language: str
    pcm: bytes
    text: str

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.pcm) / 2 / RECOGNISER_RATE

    @property
    def samples(self) -> NDArray[np.float32]:
        """The PCM as Whisper takes it: -1 to 1."""
        return np.frombuffer(self.pcm, "<i2").astype(np.float32) / np.float32(32_768)


@dataclass(frozen=True, slots=True)
class ScriptedSpeech:
    """What one session speaks: sentences with pauses around them, where each lies, and its words."""

    language: str
    pcm: bytes
    spans_ms: Sequence[tuple[int, int]]
    texts: Sequence[tuple[str, ...]] = ()
    """For each sentence the transcripts of the recordings that it was joined from."""

    @property
    def sentences(self) -> list[str]:
        """The transcript of each sentence."""
        return [" ".join(texts) for texts in self.texts]

    @property
    def duration_ms(self) -> int:
        """Duration of the PCM."""
        return duration_ms(self.pcm, RECOGNISER_RATE)


def scripted_speech(language: str, duration_s: float, first: int = 0, run_on: int = 1) -> ScriptedSpeech:
    """The recordings of a language, repeated for ``duration_s``, beginning with number ``first``.

    ``run_on`` recordings are joined into one sentence without a pause that would end it.

    Raises:
        InvalidRequest: there are no recordings of this language.
        ModelMissing: the recordings are not installed.
    """
    samples = recordings(language)
    composed = fill(joined([each.pcm for each in samples], run_on), duration_s, first=first)
    texts = [
        tuple(samples[(first + place + more) % len(samples)].text for more in range(run_on))
        for place in range(len(composed.spans_ms))
    ]
    return ScriptedSpeech(language, composed.pcm, composed.spans_ms, texts)


@cache
def recordings(language: str) -> tuple[SpeechSample, ...]:
    """The recordings of a language without the silence at their ends; raises as ``scripted_speech`` does."""
    clips = sentences(language)
    return tuple(
        SpeechSample(language, pcm, text) for pcm, text in zip(clips, transcripts(language), strict=True)
    )


def transcripts(language: str) -> list[str]:
    """The transcripts of the recordings, in the same order."""
    folder = files("pytest_audioeval") / "samples" / "audio" / language
    texts = sorted((file for file in folder.iterdir() if file.name.endswith(".txt")), key=lambda f: f.name)
    return [file.read_text("utf-8").strip() for file in texts]


def varied(language: str, seed: int = 0) -> Iterator[SpeechSample]:
    """Each recording, all pairs, and all three in two orders, with pauses; each also with light noise."""
    clips = recordings(language)
    generator = np.random.default_rng(seed)
    for number, order in enumerate(_ORDERS):
        pause = silence(_PAUSES_MS[number % len(_PAUSES_MS)])
        pcm = pause.join(clips[index].pcm for index in order)
        text = " ".join(clips[index].text for index in order)
        sample = padded(SpeechSample(language, pcm, text), _LEAD_MS, _TAIL_MS)
        yield sample
        noise = generator.normal(0, _NOISE * 32_767, len(sample.pcm) // 2)
        noisy = (np.frombuffer(sample.pcm, "<i2") + noise).clip(-32_768, 32_767)
        yield SpeechSample(language, noisy.astype("<i2").tobytes(), text)


def padded(sample: SpeechSample, before_ms: int, behind_ms: int) -> SpeechSample:
    """The sample with silence around it."""
    return SpeechSample(sample.language, silence(before_ms) + sample.pcm + silence(behind_ms), sample.text)


def silence(ms: float) -> bytes:
    """PCM of that duration."""
    return bytes(2 * int(ms * RECOGNISER_RATE / 1_000))
