"""Endpointing, frame by frame."""

import numpy as np
import pytest

from sokuji.audio.endpointing import Segmenter
from sokuji.audio.frames import FRAME_MS, FRAME_SAMPLES
from sokuji.audio.segment_events import (
    SegmentEvent,
    SpeechPaused,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sokuji.config import SegmentationSettings
from tests.support.segmenter_frames import (
    FRAME_BYTES,
    SETTINGS,
    SILENCE,
    SPEECH,
    FrameStream,
    changed,
    frame,
    pcm_between,
    utterances,
    without_pauses,
)


def test_silence_yields_nothing_and_is_settled_but_for_the_pre_roll() -> None:
    stream = FrameStream()
    assert stream.feed(SILENCE, 500) == []
    assert stream.segmenter.settled_ms == (500 - 6) * FRAME_MS
    assert stream.segmenter.flush() == []
    assert stream.segmenter.settled_ms == 500 * FRAME_MS


def test_speech_starts_when_confirmed_and_is_dated_back_to_its_first_frame() -> None:
    stream = FrameStream()
    assert stream.feed(SILENCE, 20) == []
    assert stream.feed(SPEECH, 3) == []
    assert not stream.segmenter.in_speech
    assert stream.feed(SPEECH, 1) == [SpeechStarted(0, 20 * FRAME_MS)]
    assert stream.segmenter.in_speech


def test_an_utterance_falls_silent_from_its_last_speech_until_the_pause_is_announced() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 30)
    states = []
    for _ in range(4):
        states.append((stream.segmenter.falls_silent, isinstance(stream.seen[-1], SpeechPaused)))
        stream.feed(SILENCE, 1)
    assert states == [(False, False), (True, False), (True, False), (False, True)]


def test_utterance_has_pre_roll_speech_and_padding() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 20)
    stream.feed(SPEECH, 30)
    assert stream.feed(SILENCE, 9) == []
    assert stream.feed(SILENCE, 1) == [
        SpeechStopped(0, 50 * FRAME_MS),
        Utterance(0, pcm_between(14, 53), 14 * FRAME_MS, 53 * FRAME_MS, "silence"),
    ]
    assert not stream.segmenter.in_speech


def test_pre_roll_is_no_longer_than_what_was_heard() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 2)
    stream.feed(SPEECH, 10)
    (utterance,) = utterances(stream.feed(SILENCE, 10))
    assert (utterance.start_ms, utterance.pcm) == (0, pcm_between(0, 15))


def test_pre_roll_does_not_repeat_the_padding_of_the_utterance_before() -> None:
    stream = FrameStream(changed(padding_ms=8 * FRAME_MS))
    stream.feed(SPEECH, 10)
    (first,) = utterances(stream.feed(SILENCE, 10))
    stream.feed(SPEECH, 10)
    (second,) = utterances(stream.feed(SILENCE, 10))
    assert (first.end_ms, second.start_ms) == (18 * FRAME_MS, 18 * FRAME_MS)
    assert first.pcm + second.pcm == pcm_between(0, 38)


def test_padding_is_no_longer_than_the_silence_there_was() -> None:
    stream = FrameStream(changed(padding_ms=60 * FRAME_MS))
    stream.feed(SPEECH, 10)
    assert utterances(stream.feed(SILENCE, 10))[0].end_ms == 20 * FRAME_MS


def test_no_pre_roll_and_no_padding() -> None:
    stream = FrameStream(changed(pre_roll_ms=0, padding_ms=0))
    stream.feed(SILENCE, 20)
    stream.feed(SPEECH, 10)
    (utterance,) = utterances(stream.feed(SILENCE, 10))
    assert utterance.pcm == pcm_between(20, 30)


def test_click_is_ignored_and_takes_no_id() -> None:
    stream = FrameStream()
    for _ in range(5):
        assert stream.feed(SPEECH, 3) + stream.feed(SILENCE, 10) == []
    assert stream.segmenter.settled_ms == (stream.count - 6) * FRAME_MS
    assert stream.feed(SPEECH, 4) == [SpeechStarted(0, 65 * FRAME_MS)]


def test_short_syllables_confirm_each_other() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 2)
    stream.feed(SILENCE, 5)
    assert stream.feed(SPEECH, 2) == [SpeechStarted(0, 0)]


def test_scattered_speech_is_heard_at_the_latest_when_no_more_can_be_held() -> None:
    stream = FrameStream(changed(min_speech_ms=30 * FRAME_MS))
    found = [event for _ in range(20) for event in stream.feed(SPEECH, 1) + stream.feed(SILENCE, 5)]
    assert found[0] == SpeechStarted(0, 0)
    assert isinstance(found[1], SpeechStopped)


def test_pause_shorter_than_the_endpoint_does_not_split() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 10)
    assert stream.feed(SILENCE, 9) + stream.feed(SPEECH, 10) == []
    assert utterances(stream.feed(SILENCE, 10))[0].pcm == pcm_between(0, 32)


@pytest.mark.parametrize(("threshold", "holds", "ends"), [(0.5, 0.36, 0.34), (0.1, 0.02, 0.005)])
def test_speech_goes_on_below_the_threshold_but_does_not_begin_there(
    threshold: float, holds: float, ends: float
) -> None:
    stream = FrameStream(changed(vad_threshold=threshold))
    assert stream.feed(holds, 20) == []
    stream.feed(SPEECH, 5)
    assert stream.feed(holds, 50) == []
    (utterance,) = utterances(stream.feed(ends, 10))
    assert utterance.end_ms == 78 * FRAME_MS


def test_wavering_silence_is_not_speech_again() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 1)
    assert len(utterances(stream.feed(0.4, 9))) == 1


def test_ids_count_from_where_the_stream_goes_on() -> None:
    stream = FrameStream(first_frame=7)
    assert stream.segmenter.settled_ms == 7 * FRAME_MS
    found = [event for _ in range(3) for event in stream.feed(SPEECH, 10) + stream.feed(SILENCE, 10)]
    ids = [event.segment_id for event in found if not isinstance(event, SpeechPaused)]
    assert ids == [7, 7, 7, 8, 8, 8, 9, 9, 9]


def test_flush_ends_the_utterance_at_once() -> None:
    stream = FrameStream()
    stream.feed(SPEECH, 10)
    stream.feed(SILENCE, 2)
    assert stream.segmenter.flush() == [
        SpeechStopped(0, 10 * FRAME_MS),
        Utterance(0, pcm_between(0, 12), 0, 12 * FRAME_MS, "flush"),
    ]
    assert stream.segmenter.flush() == []
    assert stream.segmenter.settled_ms == 12 * FRAME_MS


def test_flush_does_not_lose_speech_too_short_to_be_confirmed() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 10)
    stream.feed(SPEECH, 1)
    assert stream.segmenter.flush() == [
        SpeechStarted(0, 10 * FRAME_MS),
        SpeechStopped(0, 11 * FRAME_MS),
        Utterance(0, pcm_between(4, 11), 4 * FRAME_MS, 11 * FRAME_MS, "flush"),
    ]


def test_after_a_flush_nothing_from_before_it_is_used() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 20)
    stream.segmenter.flush()
    stream.feed(SPEECH, 10)
    (utterance,) = utterances(stream.feed(SILENCE, 10))
    assert utterance.pcm == pcm_between(20, 33)


def test_last_frame_before_a_flush_may_be_short() -> None:
    segmenter = Segmenter(SETTINGS)
    segmenter.push(frame(0), SPEECH, 0)
    segmenter.push(frame(1)[:320], SPEECH, 32)
    (utterance,) = utterances(segmenter.flush())
    assert (utterance.end_ms, len(utterance.pcm)) == (42, FRAME_BYTES + 320)
    assert segmenter.settled_ms == 42


def test_settled_time_stands_still_while_speech_is_pending() -> None:
    stream = FrameStream()
    stream.feed(SILENCE, 20)
    stream.feed(SPEECH, 50)
    assert stream.segmenter.settled_ms == 14 * FRAME_MS
    stream.feed(SILENCE, 10)
    assert stream.segmenter.settled_ms == 74 * FRAME_MS


def loud(amplitude: int) -> bytes:
    return np.tile(np.array([amplitude, -amplitude], "<i2"), FRAME_SAMPLES // 2).tobytes()


def cut_of(frames: list[tuple[int, float]]) -> tuple[list[SegmentEvent], bytes]:
    """The events, save pauses, of frames given as (amplitude, probability), and all their audio."""
    segmenter, found = Segmenter(SETTINGS), list[SegmentEvent]()
    for index, (amplitude, probability) in enumerate(frames):
        found += segmenter.push(loud(amplitude), probability, index * FRAME_MS)
    found += segmenter.flush()
    return without_pauses(found), b"".join(loud(amplitude) for amplitude, _ in frames)


def test_long_utterance_is_cut_in_the_pause_of_its_last_third() -> None:
    frames = [(8_000, SPEECH)] * 140
    frames[50:60] = [(10, SPEECH)] * 10  # quieter, but too early
    frames[80:85] = [(200, SPEECH)] * 5
    frames[90:91] = [(0, SPEECH)]  # silent, but only for the closure of a consonant
    found, audio = cut_of(frames)
    assert [type(event) for event in found] == [
        *(SpeechStarted, SpeechStopped, Utterance),
        *(SpeechStarted, SpeechStopped, Utterance),
    ]
    first, second = utterances(found)
    assert (first.end_ms, first.cut) == (82 * FRAME_MS, "length")
    assert found[1:4:2] == [SpeechStopped(0, 82 * FRAME_MS), SpeechStarted(1, 82 * FRAME_MS)]
    assert second.start_ms == first.end_ms
    assert first.pcm + second.pcm == audio


def test_in_constant_noise_the_cut_is_where_speech_is_least_probable() -> None:
    frames = [(8_000, SPEECH)] * 120
    frames[75:80] = [(8_000, 0.4)] * 5
    found, _ = cut_of(frames)
    assert utterances(found)[0].end_ms == 77 * FRAME_MS


def test_utterance_that_is_full_during_a_silence_ends_without_a_silent_successor() -> None:
    found, _ = cut_of([(8_000, SPEECH)] * 93 + [(5, SILENCE)] * 60)
    assert [type(event) for event in found] == [SpeechStarted, SpeechStopped, Utterance]
    assert utterances(found)[0].cut == "length"
    assert utterances(found)[0].end_ms == 96 * FRAME_MS


def test_endpoint_longer_than_the_longest_utterance_still_ends_it() -> None:
    stream = FrameStream(changed(silence_ms=150 * FRAME_MS))
    stream.feed(SPEECH, 10)
    (utterance,) = utterances(stream.feed(SILENCE, 200))
    assert (utterance.cut, utterance.end_ms) == ("length", 13 * FRAME_MS)


def test_endless_speech_is_cut_without_loss() -> None:
    stream = FrameStream()
    found = stream.feed(SPEECH, 2_000)
    pieces = utterances(found + stream.segmenter.flush())
    assert b"".join(piece.pcm for piece in pieces) == pcm_between(0, 2_000)
    assert all(piece.cut == "length" for piece in pieces[:-1])
    assert max(piece.end_ms - piece.start_ms for piece in pieces) <= SETTINGS.max_utterance_ms


def test_settings_whose_start_alone_could_fill_an_utterance_are_refused() -> None:
    with pytest.raises(ValueError, match="half of max_utterance_ms"):
        SegmentationSettings(pre_roll_ms=1_000, min_speech_ms=64, max_utterance_ms=2_000)
