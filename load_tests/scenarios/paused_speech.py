"""Sentences with pauses inside them: clause by clause by embedded voices, and recordings cut between words.

The sentences are in ``paused_texts``, one file for each language, with a bar where the speaker pauses: at
the border of a clause, within a dictated number, or while the next word is sought. Each recording is mono
int16 PCM at 16 kHz with faint noise, and ends with silence in which every endpoint is reached.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from load_tests.scenarios.kept_speech import kept_speech
from load_tests.scenarios.speech_samples import SpeechSample, recordings
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
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
    spoken = []
    for language in languages:
        sentences = written_pieces(language)
        said = iter(await kept_speech(language, [text for pieces in sentences for text in pieces], kept))
        spoken += [SpokenPieces(language, tuple(islice(said, len(pieces)))) for pieces in sentences]
    return spoken


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
