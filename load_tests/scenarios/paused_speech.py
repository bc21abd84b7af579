"""Sentences with pauses inside them: clause by clause by embedded voices, and recordings cut between words.

The sentences are in ``paused_texts``, one file for each language, with a bar where the speaker pauses: at
the border of a clause, within a dictated number, or while the next word is sought. Each recording is mono
int16 PCM at 16 kHz with faint noise, and ends with silence in which every endpoint is reached.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from load_tests.progress import tracked
from load_tests.scenarios.recognisers import loaded
from load_tests.scenarios.speech_samples import SpeechSample, recordings
from load_tests.scenarios.spoken_answers import synthesised
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.config import KokoroConfig, PiperConfig
from sokuji.contract import Synthesiser, SynthesisRequest
from sokuji.measure.samples import trimmed
from sokuji.pipeline.pipeline import Pipeline

LANGUAGES = ("en", "pt", "es", "fr", "it")
PAUSES_MS = (200, 800)
_LEAD_MS, _TAIL_MS = 600, 2_000
_NOISE = 8.0
"""RMS of the noise, in steps of 16-bit PCM."""
_MIN_WORDS = 4
"""A recording with fewer words is not cut."""
_FOLDER = Path(__file__).parent / "paused_texts"


@dataclass(frozen=True, slots=True)
class PausedSpeech:
    """One sentence: the PCM, the pauses in it (begin and end), and where its speech ends; milliseconds."""

    language: str
    pcm: bytes
    pauses_ms: tuple[tuple[int, int], ...]
    end_ms: int


@dataclass(frozen=True, slots=True)
class SpokenPieces:
    """A sentence as it lies between its pauses."""

    language: str
    pieces: tuple[bytes, ...]

    def with_pauses(self, chance: random.Random) -> PausedSpeech:
        """The sentence with pauses of random lengths."""
        noise = np.random.default_rng(chance.randrange(2**32))
        pcm, pauses = bytearray(_noise(_LEAD_MS, noise)), []
        for number, piece in enumerate(self.pieces):
            pcm += piece
            begin_ms = duration_ms(bytes(pcm), RECOGNISER_RATE)
            last = number == len(self.pieces) - 1
            pcm += _noise(_TAIL_MS if last else chance.randint(*PAUSES_MS), noise)
            pauses.append((begin_ms, duration_ms(bytes(pcm), RECOGNISER_RATE)))
        return PausedSpeech(self.language, bytes(pcm), tuple(pauses[:-1]), pauses[-1][0])


def written_pieces(language: str) -> list[tuple[str, ...]]:
    """The sentences of a language, divided at their pauses."""
    lines = (_FOLDER / f"{language}.txt").read_text("utf-8").splitlines()
    return [tuple(piece.strip() for piece in line.split("|")) for line in lines]


async def spoken_pieces(languages: Sequence[str], kept: Path | None) -> list[SpokenPieces]:
    """All sentences in the default voices of their languages.

    Args:
        kept: a folder in which what has been spoken is kept for the next time.
    """
    sentences = [(language, pieces) for language in languages for pieces in written_pieces(language)]
    spoken = []
    async with loaded("tts", PiperConfig()) as piper, loaded("tts", KokoroConfig()) as kokoro:
        for language, texts in tracked(sentences, "speaking"):
            voice = piper if language == "en" else kokoro
            requests = [SynthesisRequest(text=text, language=language) for text in texts]
            spoken.append(
                SpokenPieces(language, tuple([await _spoken(voice, each, kept) for each in requests]))
            )
    return spoken


async def _spoken(voice: Synthesiser, request: SynthesisRequest, kept: Path | None) -> bytes:
    name = hashlib.sha256(f"{request.language}:{request.text}".encode()).hexdigest()[:16]
    file = kept / f"{request.language}-{name}.pcm" if kept is not None else None
    if (pcm := _kept(file)) is None:
        pcm = trimmed((await synthesised(voice, request)).pcm)
        _keep(file, pcm)
    return pcm


def _kept(file: Path | None) -> bytes | None:
    return file.read_bytes() if file is not None and file.exists() else None


def _keep(file: Path | None, pcm: bytes) -> None:
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pcm)


async def cut_recordings(pipeline: Pipeline, languages: Sequence[str], seed: int) -> list[SpokenPieces]:
    """The longer sample recordings of the languages, cut between words, two or three words apart."""
    chance, cut = random.Random(seed), []
    for language in languages:
        for recording in recordings(language):
            borders = await _word_borders(pipeline, recording)
            if len(borders) >= _MIN_WORDS - 1:
                cut.append(_divided(recording, borders[1 :: chance.choice((2, 3))]))
    return cut


async def _word_borders(pipeline: Pipeline, recording: SpeechSample) -> list[int]:
    """The sample numbers between two words at which it is quietest."""
    transcript = await pipeline.recognise(recording.pcm, recording.language, word_times=True)
    return [_quietest(recording, word.end_ms) for word in transcript.words[:-1]]


def _quietest(recording: SpeechSample, at_ms: int) -> int:
    """The middle of the quietest 20 ms within 100 ms of a time."""
    block, reach = RECOGNISER_RATE // 50, RECOGNISER_RATE // 10
    middle = at_ms * RECOGNISER_RATE // 1_000
    first = max(0, middle - reach)
    power = np.square(recording.samples[first : middle + reach])
    return first + int(np.argmin(np.convolve(power, np.ones(block), mode="valid"))) + block // 2


def _divided(recording: SpeechSample, borders: Sequence[int]) -> SpokenPieces:
    edges = [0, *borders, len(recording.pcm) // 2]
    pieces = [recording.pcm[2 * begin : 2 * end] for begin, end in pairwise(edges)]
    return SpokenPieces(recording.language, tuple(piece for piece in pieces if piece))


def _noise(ms: int, generator: np.random.Generator) -> bytes:
    samples = generator.normal(0, _NOISE, ms * RECOGNISER_RATE // 1_000)
    return samples.round().astype("<i2").tobytes()
