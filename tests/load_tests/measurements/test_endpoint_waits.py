"""Cuts and waits of endpoints, on recordings whose speech is known to the frame."""

import pytest

from load_tests.measurements.endpoint_waits import PauseRating, RatedFrames, measure
from load_tests.scenarios.paused_speech import LANGUAGES, PausedSpeech, written_pieces
from sokuji.audio.frames import FRAME_MS, FRAME_SAMPLES
from sokuji.config import SegmentationSettings

PADDING = 3
RUNS = ((0.1, 10), (0.9, 20), (0.1, 12), (0.9, 20), (0.1, 60))
"""Probability of speech, and frames: a pause of 12 frames, then the end."""
ADAPTIVE = SegmentationSettings(
    padding_ms=PADDING * FRAME_MS,
    min_silence_ms=6 * FRAME_MS,
    silence_ms=15 * FRAME_MS,
    max_silence_ms=30 * FRAME_MS,
)


def recording() -> RatedFrames:
    probabilities = [probability for probability, count in RUNS for _ in range(count)]
    frames = tuple((bytes([number]) * (2 * FRAME_SAMPLES), each) for number, each in enumerate(probabilities))
    pcm = b"".join(frame for frame, _ in frames)
    pauses = ((30 * FRAME_MS, 42 * FRAME_MS),)
    return RatedFrames(PausedSpeech("en", pcm, pauses, 62 * FRAME_MS), frames)


async def unknown(language: str, pcm: bytes) -> PauseRating:
    return PauseRating(None, 0)


@pytest.mark.parametrize(("silence", "cuts"), [(11, 1), (12, 1), (13, 0), (20, 0)])
async def test_a_fixed_endpoint_cuts_at_pauses_as_long_as_it(silence: int, cuts: int) -> None:
    fixed = SegmentationSettings(
        endpoint="fixed", silence_ms=silence * FRAME_MS, padding_ms=PADDING * FRAME_MS
    )
    found = await measure(recording(), fixed, unknown)
    assert (found.pauses, found.cuts, found.wait_ms) == (1, cuts, silence * FRAME_MS)


@pytest.mark.parametrize(
    ("inside", "behind", "took", "cuts", "wait"),
    [
        (0.0, 1.0, 1, 0, 6),  # known before the shortest silence is over
        (0.0, 1.0, 9, 0, PADDING + 9),  # known later: the utterance ends then
        (1.0, 1.0, 1, 1, 6),
        (0.0, 0.0, 1, 0, 30),
        (1.0, 0.0, 20, 0, 15),  # never known in time
    ],
)
async def test_an_adaptive_endpoint_ends_when_the_words_are_known_and_complete(
    inside: float, behind: float, took: int, cuts: int, wait: int
) -> None:
    last_spoken = bytes([61])

    async def rate(language: str, pcm: bytes) -> PauseRating:
        return PauseRating(behind if last_spoken in pcm else inside, took * FRAME_MS)

    found = await measure(recording(), ADAPTIVE, rate)
    assert (found.cuts, found.wait_ms) == (cuts, wait * FRAME_MS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_pauses_and_ends(language: str) -> None:
    sentences = written_pieces(language)
    assert any(len(pieces) > 1 for pieces in sentences)
    assert any(len(pieces) == 1 for pieces in sentences)
    assert all(piece for pieces in sentences for piece in pieces)
    assert all(pieces[-1][-1] in ".?" for pieces in sentences)
