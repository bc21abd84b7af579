"""Endpointing on real speech, with the voice activity model, between silences and noise."""

import numpy as np
import pytest

from sokuji.audio.endpointing import Segmenter
from sokuji.audio.segment_events import SegmentEvent, Utterance
from sokuji.audio.voice_activity import SileroVad
from sokuji.config import SegmentationSettings
from tests.support.segmenter_frames import BYTES_PER_MS, FRAME_BYTES, utterances
from tests.support.speech import noise, sample, samples, silence

LANGUAGES = ("en", "es", "fr", "hi", "it", "ja", "pl", "pt", "zh")


def segment(pcm: bytes, chosen: SegmentationSettings | None = None) -> list[Utterance]:
    vad, segmenter, found = SileroVad(), Segmenter(chosen or SegmentationSettings()), list[SegmentEvent]()
    for start in range(0, len(pcm) // FRAME_BYTES * FRAME_BYTES, FRAME_BYTES):
        piece = pcm[start : start + FRAME_BYTES]
        found += segmenter.push(piece, vad.probabilities([piece])[0], start // BYTES_PER_MS)
    return utterances(found + segmenter.flush())


def sounding(pcm: bytes) -> tuple[int, int]:
    """Milliseconds of the first and last sound of a clean recording: 10 ms louder than 3 % of the loudest."""
    blocks = np.frombuffer(pcm, "<i2").astype(float)[: len(pcm) // 320 * 160].reshape(-1, 160)
    levels = np.sqrt((blocks**2).mean(axis=1))
    (loud_blocks,) = np.nonzero(levels > 0.03 * levels.max())
    return int(loud_blocks[0]) * 10, int(loud_blocks[-1]) * 10 + 10


@pytest.mark.parametrize("level", [0.0, 0.002, 0.01])
@pytest.mark.parametrize("language", LANGUAGES)
def test_recordings_in_a_row_are_one_utterance_each_and_lose_no_sound(language: str, level: float) -> None:
    pcm, expected = b"", []
    for name, speech, _ in samples(language):
        pcm += noise(1_100, seed=len(name), level=level)
        first, last = sounding(speech)
        expected.append((len(pcm) // BYTES_PER_MS + first, len(pcm) // BYTES_PER_MS + last))
        pcm += speech
    found = segment(pcm + noise(1_100, seed=1, level=level))
    assert len(found) == len(expected)
    for piece, (first, last) in zip(found, expected, strict=True):
        assert piece.start_ms <= first
        assert last <= piece.end_ms


def test_noise_and_silence_are_no_speech() -> None:
    assert segment(silence(3_000) + noise(5_000, seed=3, level=0.01) + silence(3_000)) == []


def test_speech_without_a_pause_is_cut_between_words() -> None:
    counting = sample("en", "counting")
    first, last = sounding(counting)
    pcm = counting[first * BYTES_PER_MS : last * BYTES_PER_MS] * 4
    found = segment(pcm, SegmentationSettings(max_utterance_ms=4_000))
    assert [piece.cut for piece in found] == ["length", "length", "flush"]
    joined = b"".join(piece.pcm for piece in found)
    assert joined == pcm[: len(joined)]
    level = np.abs(np.frombuffer(joined, "<i2").astype(float))
    for piece in found[:-1]:
        cut = piece.end_ms * 16
        assert level[cut - 512 : cut + 512].mean() < 0.5 * level.mean()
