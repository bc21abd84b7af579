"""Turns from scores: whoever speaks, turns are in order, do not overlap and stay within the audio."""

from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sokuji.providers.speakers.campplus.segmentation_graph import CLASSES, FRAME_SAMPLES, FRAME_STEP
from sokuji.providers.speakers.campplus.turn_boundaries import (
    HOP,
    MIN_TURN,
    WINDOW,
    SampleSpan,
    joined,
    split_at_changes,
    turns,
    windows,
)

SILENCE, FIRST, SECOND, BOTH = (CLASSES.index(speakers) for speakers in ((), (0,), (1,), (0, 1)))


def scores(classes: list[int]) -> NDArray[np.float32]:
    return np.eye(len(CLASSES), dtype=np.float32)[classes]


def length_of(classes: list[int]) -> int:
    return (len(classes) - 1) * FRAME_STEP + FRAME_SAMPLES


def near(sample: int, frame: int) -> bool:
    return abs(sample - frame * FRAME_STEP) <= FRAME_SAMPLES


@given(classes=st.lists(st.integers(0, len(CLASSES) - 1), min_size=1, max_size=300))
def test_turns_are_in_order_and_within_the_audio(classes: list[int]) -> None:
    length = length_of(classes)
    found = turns(scores(classes), length)
    assert found
    assert all(0 <= turn.start < turn.end <= length for turn in found)
    assert all(one.start < other.start for one, other in pairwise(found))


@pytest.mark.parametrize("between", [[], [SILENCE] * 20, [BOTH] * 20])
def test_two_speakers_have_a_turn_each(between: list[int]) -> None:
    classes = [FIRST] * 100 + between + [SECOND] * 100
    one, other = turns(scores(classes), length_of(classes))
    # Where both speak, the one who has the turn keeps it.
    assert near(one.end, 100 + (len(between) if BOTH in between else 0))
    assert near(other.start, 100 + len(between))


@pytest.mark.parametrize("short", [[SECOND] * 10, [SILENCE] * 10 + [SECOND] * 10 + [SILENCE] * 10])
def test_what_is_too_short_for_a_turn_belongs_to_the_one_before(short: list[int]) -> None:
    classes = [FIRST] * 100 + short + [FIRST] * 100
    (turn,) = turns(scores(classes), length_of(classes))
    assert turn.length > 2 * MIN_TURN


def test_where_nobody_is_found_to_speak_all_is_one_turn() -> None:
    assert turns(scores([SILENCE] * 50), 10_000) == [SampleSpan(0, 10_000)]


@given(speakers=st.lists(st.integers(0, 1), min_size=1, max_size=6))
def test_a_change_inside_a_turn_is_found_by_the_voices(speakers: list[int]) -> None:
    """Each speaks three seconds or more; a piece with two speakers has a voice between theirs."""
    owner = np.repeat(speakers, 48_000)
    turn = SampleSpan(0, len(owner))
    pieces = windows(turn)
    shares = np.array([owner[piece.start : piece.end].mean() for piece in pieces])
    voices = np.stack([1 - shares, shares], axis=1).astype(np.float32)
    samples = np.ones(len(owner), np.float32)
    found = split_at_changes(turn, pieces, voices, samples)
    assert (found[0].start, found[-1].end) == (0, len(owner))
    assert all(one.end == other.start for one, other in pairwise(found))
    changes = np.flatnonzero(np.diff(owner)) + 1
    assert len(found) - 1 == len(changes) == len(list(groupby(speakers))) - 1
    assert all(abs(part.start - change) <= HOP for part, change in zip(found[1:], changes, strict=True))


def test_a_change_is_put_where_it_is_quiet() -> None:
    turn = SampleSpan(0, 4 * 24_000)
    pieces = windows(turn)
    shares = [min(max(piece.end - 48_000, 0), WINDOW) / WINDOW for piece in pieces]
    voices = np.array([[1 - share, share] for share in shares], np.float32)
    samples = np.ones(turn.end, np.float32)
    samples[45_000:46_000] = 0
    first, _ = split_at_changes(turn, pieces, voices, samples)
    assert 44_500 < first.end < 46_500


def test_a_turn_goes_on_from_one_chunk_to_the_next() -> None:
    chunks = [[SampleSpan(0, 900), SampleSpan(1_000, 9_900)], [], [SampleSpan(10_000, 12_000)]]
    assert joined(chunks) == [SampleSpan(0, 900), SampleSpan(1_000, 12_000)]
    apart = [[SampleSpan(0, 5_000)], [SampleSpan(10_000, 12_000), SampleSpan(12_000, 13_000)]]
    assert joined(apart) == [span for chunk in apart for span in chunk]


@given(length=st.integers(1, 400_000))
def test_windows_are_of_one_length_and_inside(length: int) -> None:
    pieces = windows(SampleSpan(1_000, 1_000 + length))
    assert all(
        piece.length == WINDOW and piece.start >= 1_000 and piece.end <= 1_000 + length for piece in pieces
    )
    assert bool(pieces) == (length >= WINDOW + 2 * HOP)
