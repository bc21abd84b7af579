"""The ear of a connection: its clock, where a conversation goes on, and the model that rates its frames."""

from collections.abc import Sequence

import pytest

from sokuji.audio.frames import FRAME_MS
from sokuji.audio.segment_events import SegmentEvent, SpeechStarted
from sokuji.audio.utterance_detector import FRAME_BYTES, UtteranceDetector
from sokuji.config import SegmentationSettings
from tests.support.coded_speech import LevelVoiceActivity, coded_words
from tests.support.segmenter_frames import utterances, without_pauses
from tests.support.speech import silence

SETTINGS = SegmentationSettings()
SPOKEN = silence(1_000) + coded_words(0, 4) + silence(1_000)


def opened(begin_ms: int = 0, vad: LevelVoiceActivity | None = None) -> UtteranceDetector:
    listener = UtteranceDetector(SETTINGS, begin_ms, vad or LevelVoiceActivity())
    assert listener.configure(16_000, 1) == []
    return listener


def heard(listener: UtteranceDetector, pcm: bytes, size: int = 3_000) -> list[SegmentEvent]:
    return [event for start in range(0, len(pcm), size) for event in listener.push(pcm[start : start + size])]


def test_times_and_ids_go_on_where_the_conversation_does() -> None:
    (first,) = utterances(heard(opened(), SPOKEN))
    listener = opened(begin_ms=70_001)
    assert listener.position_ms == listener.settled_ms == 70_001
    (again,) = utterances(heard(listener, SPOKEN))
    assert again.pcm == first.pcm
    assert (again.start_ms, again.end_ms) == (first.start_ms + 70_001, first.end_ms + 70_001)
    assert (first.segment_id, again.segment_id) == (0, 70_001 // FRAME_MS)
    assert listener.position_ms == 70_001 + len(SPOKEN) // 32


def test_ids_are_higher_than_any_from_before() -> None:
    """Also where every segment of the connection that was lost is as short as can be."""
    listener, ids = opened(), []
    for _ in range(50):
        ids += [piece.segment_id for piece in utterances(heard(listener, coded_words(0, 1)[:FRAME_BYTES]))]
        ids += [piece.segment_id for piece in utterances(listener.flush())]
    assert len(ids) == 50
    after = opened(listener.position_ms)
    started = [event for event in heard(after, SPOKEN) if isinstance(event, SpeechStarted)]
    assert started[0].segment_id > max(ids)


def test_settled_time_is_never_before_the_beginning_and_only_grows() -> None:
    listener = opened(begin_ms=5_000)
    settled = [listener.settled_ms]
    for start in range(0, len(SPOKEN), 500):
        listener.push(SPOKEN[start : start + 500])
        settled.append(listener.settled_ms)
    assert settled == sorted(settled)
    assert settled[0] == 5_000


def test_growing_and_split_reach_the_open_utterance() -> None:
    listener = opened()
    found = heard(listener, silence(1_000) + coded_words(0, 8))
    growing = listener.open_utterance()
    assert growing is not None
    found += listener.split(growing.start_ms + 1_500)
    rest = listener.open_utterance()
    assert rest is not None
    (head,) = utterances(found)
    assert growing.pcm == head.pcm + rest.pcm
    assert head.end_ms == rest.start_ms
    assert (head.segment_id, rest.segment_id) == (0, 1)


def test_a_cut_for_length_comes_behind_what_is_kept() -> None:
    pcm = silence(1_000) + coded_words(0, 80)
    unkept = utterances(heard(opened(), pcm))[0]
    listener = opened()
    at = 32 * (unkept.end_ms + 1_000)
    found = heard(listener, pcm[:at])
    listener.set_earliest_cut(unkept.end_ms + 1_000)
    found += heard(listener, pcm[at:])
    kept = utterances(found)[0]
    assert (unkept.cut, kept.cut) == ("length", "length")
    assert kept.end_ms >= unkept.end_ms + 1_000


class Attentive(LevelVoiceActivity):
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.resets = 0

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        """As loud as each frame is."""
        self.sizes += map(len, frames)
        return super().probabilities(frames)

    def reset(self) -> None:
        """Count it."""
        self.resets += 1


@pytest.mark.parametrize("size", [2, 1_000, 1_024, 100_000])
def test_the_model_hears_whole_frames_and_forgets_where_the_stream_breaks_off(size: int) -> None:
    vad = Attentive()
    listener = opened(vad=vad)
    resets = vad.resets
    found = heard(listener, (silence(1_000) + coded_words(0, 4))[:-100], size) + listener.flush()
    assert set(vad.sizes) == {FRAME_BYTES}
    assert vad.resets == resets + 1
    (piece,) = utterances(found)
    assert piece.end_ms == listener.position_ms
    assert len(without_pauses(found)) == 3


def test_another_format_ends_the_utterance_and_the_clock_goes_on() -> None:
    listener = opened()
    heard(listener, silence(1_000) + coded_words(0, 4))
    before_ms = listener.position_ms
    (ended,) = utterances(listener.configure(48_000, 2))
    assert ended.cut == "flush"
    stereo = b"".join(SPOKEN[at : at + 2] * 6 for at in range(0, len(SPOKEN), 2))
    (after,) = utterances(heard(listener, stereo, 12_000))
    assert after.start_ms >= ended.end_ms == before_ms
    listener.flush()
    assert listener.position_ms == pytest.approx(before_ms + len(SPOKEN) / 32, abs=2)


class CountingVad:
    """Hears nothing, and counts what it is given."""

    def __init__(self) -> None:
        self.frames = 0

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        assert {len(frame) for frame in frames} <= {FRAME_BYTES}
        self.frames += len(frames)
        return [0.0] * len(frames)

    def reset(self) -> None:
        pass


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_a_frame_that_ends_with_a_message_does_not_wait_for_the_next_one(rate: int) -> None:
    """What the resampler holds back is not missing at the end of the message."""
    vad = CountingVad()
    detector = UtteranceDetector(SETTINGS, vad=vad)
    detector.configure(rate, 1)
    rated = []
    for _ in range(5):
        detector.push(bytes(2 * rate * 160 // 1_000))
        rated.append(vad.frames)
    assert rated == [5, 10, 15, 20, 25]
