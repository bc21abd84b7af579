"""Speech that goes on: pauses, what there is of an utterance so far, and cuts where they are asked for."""

import pytest

from sokuji.audio.frames import FRAME_MS
from sokuji.audio.segment_events import (
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from tests.support.segmenter_frames import (
    SILENCE,
    SPEECH,
    FrameStream,
    changed,
    frame,
    pcm_between,
    utterances,
)


def test_a_pause_is_told_once_and_is_the_utterance_if_it_lasts() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 2)
    assert stream.seen == [SpeechStarted(0, 0)]
    expected = Utterance(0, pcm_between(0, 13), 0, 13 * FRAME_MS, "silence")
    stream.feed(SILENCE, 1)
    assert stream.seen[1:] == [SpeechPaused(expected)]
    stream.feed(SILENCE, 20)
    assert stream.seen[2:] == [SpeechStopped(0, 10 * FRAME_MS), expected]


def test_speech_that_goes_on_is_told_at_its_first_frame_and_may_pause_again() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 5)
    stream.feed(SPEECH, 1)
    assert stream.seen[2:] == [SpeechResumed(0)]
    stream.feed(SILENCE, 5)
    assert [type(event) for event in stream.seen[3:]] == [SpeechPaused]
    stream.flush()
    assert [type(event) for event in stream.seen[4:]] == [SpeechStopped, Utterance]


def test_without_padding_the_first_silent_frame_is_a_pause() -> None:
    stream = FrameStream(changed(padding_ms=0))
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 1)
    expected = Utterance(0, pcm_between(0, 10), 0, 10 * FRAME_MS, "silence")
    assert stream.seen[1:] == [SpeechPaused(expected)]
    stream.feed(SILENCE, 9)
    assert stream.seen[2:] == [SpeechStopped(0, 10 * FRAME_MS), expected]


@pytest.mark.parametrize("padding", [10, 60])
def test_no_pause_is_told_where_the_padding_is_no_shorter_than_the_endpoint(padding: int) -> None:
    stream = FrameStream(changed(padding_ms=padding * FRAME_MS))
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 60)
    assert [type(event) for event in stream.seen] == [SpeechStarted, SpeechStopped, Utterance]


def test_speech_that_is_not_confirmed_does_not_pause() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 2)
    stream.feed(SILENCE, 5)
    stream.feed(SPEECH, 1)
    assert stream.seen == []


def test_growing_is_all_of_the_open_utterance_and_nothing_where_none_is_open() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 20)
    stream.feed(SPEECH, 3)
    assert stream.segmenter.open_utterance() is None
    stream.feed(SPEECH, 7)
    stream.feed(SILENCE, 8)
    growing = stream.segmenter.open_utterance()
    assert growing is not None
    assert (growing.segment_id, growing.start_ms, growing.end_ms) == (0, 14 * FRAME_MS, 38 * FRAME_MS)
    assert growing.pcm == pcm_between(14, 38)
    stream.feed(SILENCE, 2)
    assert stream.segmenter.open_utterance() is None


def test_a_split_ends_the_utterance_there_and_the_next_one_begins_where_it_ends() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 20)
    stream.feed(0.4, 5)
    stream.feed(SPEECH, 20)
    at_ms = 22 * FRAME_MS
    assert stream.split(at_ms + 3 * FRAME_MS) == [
        SpeechStopped(0, at_ms),
        Utterance(0, pcm_between(0, 22), 0, at_ms, "sentence"),
        SpeechStarted(1, at_ms),
    ]
    assert stream.segmenter.in_speech
    assert stream.segmenter.settled_ms == at_ms
    (rest,) = utterances(stream.feed(SILENCE, 10))
    assert (rest.segment_id, rest.pcm, rest.cut) == (1, pcm_between(22, 48), "silence")


def test_what_is_split_off_counts_no_longer_towards_the_longest_utterance() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 90)
    stream.split(50 * FRAME_MS)
    start_ms = stream.segmenter.settled_ms
    assert stream.feed(SPEECH, 50) == []
    assert stream.feed(SPEECH, 10) != []
    assert utterances(stream.seen)[1].start_ms == start_ms


def test_a_split_in_a_pause_ends_that_pause_too() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 30)
    stream.feed(SILENCE, 4)
    stream.split(20 * FRAME_MS)
    stream.feed(SPEECH, 5)
    kinds = [type(event) for event in stream.seen]
    assert kinds == [SpeechStarted, SpeechPaused, SpeechStopped, Utterance, SpeechStarted]


def test_nothing_is_split_where_no_utterance_is_open_or_nothing_was_said_on_one_side() -> None:
    stream = FrameStream()
    assert stream.split(0) == []
    stream.feed(SILENCE, 20)
    stream.feed(SPEECH, 2)
    assert stream.split(21 * FRAME_MS) == []
    stream.feed(SPEECH, 30)
    assert stream.split(15 * FRAME_MS) == []
    assert stream.split(90 * FRAME_MS) == []
    assert stream.split(-500) == []
    stream.feed(SILENCE, 9)
    assert stream.split(60 * FRAME_MS) == []
    (whole,) = utterances(stream.feed(SILENCE, 1))
    assert whole.pcm == pcm_between(14, 55)


def cut_with_keep(keep_frames: int) -> Utterance:
    """Speech whose only pause of the last third lies in the frames from 70 to 75."""
    stream = FrameStream()
    stream.feed(SPEECH, 70)
    stream.feed(0.4, 5)
    stream.feed(SPEECH, 24)
    stream.segmenter.earliest_cut_ms = keep_frames * FRAME_MS
    (piece,) = utterances(stream.feed(SPEECH, 1))
    return piece


def test_a_cut_for_length_comes_no_earlier_than_what_counts_as_said() -> None:
    assert cut_with_keep(0).end_ms == cut_with_keep(70).end_ms == 72 * FRAME_MS
    assert cut_with_keep(80).end_ms >= 80 * FRAME_MS


@pytest.mark.parametrize("keep", [96, 98, 99])
def test_that_holds_up_to_the_newest_frame(keep: int) -> None:
    piece = cut_with_keep(keep)
    assert piece.end_ms >= keep * FRAME_MS
    assert piece.pcm == b"".join(frame(index) for index in range(piece.end_ms // FRAME_MS))
