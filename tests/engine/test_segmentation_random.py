"""Endpointing on random probabilities: what must hold whatever is heard."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sokuji.config import SegmentationSettings
from sokuji.segmentation import FRAME_MS, SegmentEvent, SpeechStarted, SpeechStopped, Utterance
from tests.engine.frames import BYTES_PER_MS, Stream, pcm_between, utterances


@st.composite
def settings(draw: st.DrawFn) -> SegmentationSettings:
    return SegmentationSettings(
        vad_threshold=draw(st.floats(0.05, 0.95)),
        min_speech_ms=draw(st.integers(32, 500)),
        min_silence_ms=draw(st.integers(64, 3_000)),
        pre_roll_ms=draw(st.integers(0, 500)),
        padding_ms=draw(st.integers(0, 2_000)),
        max_utterance_ms=draw(st.integers(2_000, 4_000)),
    )


PROBABILITIES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), max_size=10).map(
    lambda runs: [probability for probability, length in runs for _ in range(length)]
)


@given(settings(), PROBABILITIES, st.sets(st.integers(0, 300), max_size=2))
def test_whatever_is_heard(chosen: SegmentationSettings, heard: list[float], flushes: set[int]) -> None:
    stream, found, settled = Stream(chosen), list[SegmentEvent](), [0]
    spoken = confirmed_speech(chosen, heard, flushes)
    for index, probability in enumerate(heard):
        found += stream.feed(probability, 1)
        if index in flushes:
            found += stream.segmenter.flush()
        settled.append(stream.segmenter.settled_ms)
        assert stream.count * FRAME_MS - settled[-1] <= chosen.max_utterance_ms  # what it holds is bounded
        assert all(start >= settled[-1] for start in uncovered(spoken, utterances(found)))
    found += stream.segmenter.flush()
    assert settled == sorted(settled)
    assert not uncovered(spoken, utterances(found))
    assert_in_order(found)
    assert_exact(chosen, utterances(found))


def confirmed_speech(chosen: SegmentationSettings, heard: list[float], flushes: set[int]) -> list[int]:
    """Times of the frames in unbroken runs of speech that are long enough to be confirmed."""
    runs: list[list[int]] = [[]]
    for index, probability in enumerate(heard):
        if probability >= chosen.vad_threshold:
            runs[-1].append(index * FRAME_MS)
        if probability < chosen.vad_threshold or index in flushes:
            runs.append([])
    return [time for run in runs if len(run) * FRAME_MS >= chosen.min_speech_ms for time in run]


def uncovered(times: list[int], emitted: list[Utterance]) -> set[int]:
    """Those of the times that lie in no utterance."""
    return set(times).difference(*(range(piece.start_ms, piece.end_ms, FRAME_MS) for piece in emitted))


def assert_in_order(found: list[SegmentEvent]) -> None:
    for index, (started, stopped, utterance) in enumerate(zip(*[iter(found)] * 3, strict=True)):
        assert isinstance(started, SpeechStarted)
        assert isinstance(stopped, SpeechStopped)
        assert isinstance(utterance, Utterance)
        assert {started.segment_id, stopped.segment_id, utterance.segment_id} == {index}
        assert utterance.start_ms <= started.at_ms < stopped.at_ms <= utterance.end_ms


def assert_exact(chosen: SegmentationSettings, emitted: list[Utterance]) -> None:
    for piece in emitted:
        assert piece.pcm == pcm_between(piece.start_ms // FRAME_MS, piece.end_ms // FRAME_MS)
        assert len(piece.pcm) <= chosen.max_utterance_ms * BYTES_PER_MS
    for before, after in itertools.pairwise(emitted):
        assert before.end_ms <= after.start_ms
