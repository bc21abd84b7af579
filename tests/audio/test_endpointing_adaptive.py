"""The silence that ends an utterance, as it follows from how complete its words are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.frames import FRAME_MS
from sokuji.audio.segment_events import SpeechPaused, SpeechResumed, SpeechStopped, Utterance
from sokuji.config import SegmentationSettings
from tests.support.segmenter_frames import SILENCE, SPEECH, FrameStream, changed, utterances

LEAST, UNKNOWN, MOST, PADDING = 6, 10, 20, 3
"""Frames."""
ADAPTIVE = changed(
    endpoint="adaptive",
    min_silence_ms=LEAST * FRAME_MS,
    silence_ms=UNKNOWN * FRAME_MS,
    max_silence_ms=MOST * FRAME_MS,
)
SHARES = st.floats(0, 1)


def silent_frames(settings: SegmentationSettings, completeness: float | None, rated_at: int = PADDING) -> int:
    """After how many silent frames an utterance ends whose words are rated behind frame ``rated_at``."""
    stream = FrameStream(settings)
    stream.feed(SPEECH, 20)
    for silent in range(1, 10 * MOST):
        found = stream.feed(SILENCE, 1)
        if completeness is not None and silent == rated_at:
            found += stream.rate_last_pause(completeness)
        if utterances(found):
            return silent
    raise AssertionError("it never ended")


@pytest.mark.parametrize(
    ("completeness", "frames"), [(1.0, LEAST), (0.5, (LEAST + MOST) // 2), (0.0, MOST), (None, UNKNOWN)]
)
def test_the_less_complete_the_words_the_longer_the_silence(completeness: float | None, frames: int) -> None:
    assert silent_frames(ADAPTIVE, completeness) == frames


@given(st.lists(st.integers(4, 60), min_size=3, max_size=3).map(sorted), SHARES, st.integers(PADDING, 70))
def test_bounds_hold_whenever_the_words_are_known(
    bounds: list[int], completeness: float, rated_at: int
) -> None:
    least, unknown, most = bounds
    chosen = changed(
        endpoint="adaptive",
        min_silence_ms=least * FRAME_MS,
        silence_ms=unknown * FRAME_MS,
        max_silence_ms=most * FRAME_MS,
    )
    frames = silent_frames(chosen, completeness, rated_at)
    assert least <= frames <= most
    assert frames == unknown or rated_at < unknown
    assert frames >= silent_frames(chosen, 1.0, rated_at)
    assert frames <= max(unknown, silent_frames(chosen, 0.0, rated_at))


@given(SHARES, SHARES)
def test_more_complete_words_never_wait_longer(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert silent_frames(ADAPTIVE, more) <= silent_frames(ADAPTIVE, less)


@given(SHARES, st.integers(PADDING, 30))
def test_a_fixed_endpoint_knows_no_words(completeness: float, rated_at: int) -> None:
    assert silent_frames(changed(silence_ms=UNKNOWN * FRAME_MS), completeness, rated_at) == UNKNOWN


def test_words_that_are_known_late_end_the_utterance_at_once_as_its_pause_has_said() -> None:
    stream = FrameStream(ADAPTIVE)
    stream.feed(SPEECH, 20)
    assert not utterances(stream.feed(SILENCE, UNKNOWN - 1))
    stopped, utterance = stream.rate_last_pause(1.0)
    (pause,) = [event for event in stream.seen if isinstance(event, SpeechPaused)]
    assert isinstance(stopped, SpeechStopped)
    assert stopped.at_ms == 20 * FRAME_MS
    assert utterance == pause.utterance


def test_speech_that_resumes_goes_on_as_one_utterance_and_its_next_pause_starts_anew() -> None:
    stream = FrameStream(ADAPTIVE)
    stream.feed(SPEECH, 20)
    stream.feed(SILENCE, PADDING)
    assert stream.rate_last_pause(0.0) == []
    assert not utterances(stream.feed(SILENCE, MOST - PADDING - 1))
    stream.feed(SPEECH, 5)
    assert isinstance(stream.seen[-1], SpeechResumed)
    assert stream.rate_last_pause(1.0) == []
    assert not utterances(stream.feed(SILENCE, UNKNOWN - 1))
    *_, utterance = stream.feed(SILENCE, 1)
    assert isinstance(utterance, Utterance)
    assert (utterance.start_ms, utterance.end_ms) == (0, (20 + MOST - 1 + 5 + PADDING) * FRAME_MS)


def test_the_silence_that_is_waited_for_is_told() -> None:
    stream = FrameStream(ADAPTIVE)
    told = []
    for probability, completeness in [(SPEECH, None), (SILENCE, 0.0), (SILENCE, 1.0), (SPEECH, None)]:
        stream.feed(probability, PADDING + 1)
        if completeness is not None:
            stream.rate_last_pause(completeness)
        told.append(stream.segmenter.ending_silence_ms)
    assert told == [each * FRAME_MS for each in (UNKNOWN, MOST, LEAST, UNKNOWN)]
    stream.segmenter.configure(ADAPTIVE, ends_by_silence=False)
    assert stream.segmenter.ending_silence_ms is None
