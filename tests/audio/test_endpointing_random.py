"""Endpointing on random probabilities, splits and flushes: what must hold whatever is heard."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.frames import FRAME_MS
from sokuji.audio.segment_events import (
    SegmentEvent,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sokuji.config import SegmentationSettings
from tests.support.segmenter_frames import BYTES_PER_MS, FrameStream, pcm_between, utterances, without_pauses


@st.composite
def settings(draw: st.DrawFn) -> SegmentationSettings:
    least_ms, silence_ms, most_ms = sorted(draw(st.lists(st.integers(64, 3_000), min_size=3, max_size=3)))
    bounds = {"min_silence_ms": least_ms, "max_silence_ms": most_ms}
    endpoint: dict[str, Any] = draw(
        st.sampled_from([{"endpoint": "fixed"}, {"endpoint": "adaptive", **bounds}])
    )
    return SegmentationSettings(
        **endpoint,
        vad_threshold=draw(st.floats(0.05, 0.95)),
        min_speech_ms=draw(st.integers(32, 500)),
        silence_ms=silence_ms,
        pre_roll_ms=draw(st.integers(0, 500)),
        padding_ms=draw(st.integers(0, 2_000)),
        max_utterance_ms=draw(st.integers(2_000, 4_000)),
    )


PROBABILITIES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), max_size=10).map(
    lambda runs: [probability for probability, length in runs for _ in range(length)]
)


@dataclass(frozen=True)
class Flush:
    """The client says so."""


@dataclass(frozen=True)
class Split:
    """So many milliseconds before the newest audio."""

    back_ms: int


@dataclass(frozen=True)
class Keep:
    """What was said until so many milliseconds before the newest audio counts as said."""

    back_ms: int


@dataclass(frozen=True)
class Rate:
    """The words before the last pause have been recognised."""

    completeness: float


Act = Flush | Split | Keep | Rate
ACTS = st.dictionaries(
    st.integers(0, 300),
    st.one_of(
        st.just(Flush()),
        st.builds(Split, st.integers(-100, 3_000)),
        st.builds(Keep, st.integers(0, 2_000)),
        st.builds(Rate, st.floats(0, 1)),
    ),
    max_size=12,
)


@given(settings(), PROBABILITIES, ACTS)
def test_whatever_is_heard(chosen: SegmentationSettings, heard: list[float], acts: Mapping[int, Act]) -> None:
    stream, settled = FrameStream(chosen), [0]
    spoken = confirmed_speech(chosen, heard, acts)
    for index, probability in enumerate(heard):
        assert_kept(stream.feed(probability, 1), stream.segmenter.earliest_cut_ms)
        perform(stream, acts.get(index))
        assert_growing(stream)
        settled.append(stream.segmenter.settled_ms)
        assert stream.count * FRAME_MS - settled[-1] <= chosen.max_utterance_ms  # what it holds is bounded
        assert all(start >= settled[-1] for start in uncovered(spoken, utterances(stream.seen)))
    stream.flush()
    assert settled == sorted(settled)
    assert not uncovered(spoken, utterances(stream.seen))
    assert_in_order(stream.seen)
    assert_pauses_in_turn(stream.seen)
    assert_exact(chosen, utterances(stream.seen))


def perform(stream: FrameStream, act: Act | None) -> None:
    now_ms = stream.count * FRAME_MS
    match act:
        case Flush():
            stream.flush()
        case Split(back_ms):
            was_open = stream.segmenter.in_speech
            found = stream.split(now_ms - back_ms)
            assert stream.segmenter.in_speech == was_open
            assert all(abs(piece.end_ms - now_ms + back_ms) <= 160 for piece in utterances(found))
        case Keep(back_ms):
            stream.segmenter.earliest_cut_ms = max(0, now_ms - back_ms)
        case Rate(completeness):
            stream.rate_last_pause(completeness)


def confirmed_speech(chosen: SegmentationSettings, heard: list[float], acts: Mapping[int, Act]) -> list[int]:
    """Times of the frames in unbroken runs of speech that are long enough to be confirmed."""
    runs: list[list[int]] = [[]]
    for index, probability in enumerate(heard):
        if probability >= chosen.vad_threshold:
            runs[-1].append(index * FRAME_MS)
        if probability < chosen.vad_threshold or acts.get(index) == Flush():
            runs.append([])
    return [time for run in runs if len(run) * FRAME_MS >= chosen.min_speech_ms for time in run]


def uncovered(times: list[int], emitted: list[Utterance]) -> set[int]:
    """Those of the times that lie in no utterance."""
    return set(times).difference(*(range(piece.start_ms, piece.end_ms, FRAME_MS) for piece in emitted))


def assert_kept(found: list[SegmentEvent], keep_ms: int) -> None:
    """A cut that speech goes on behind is no earlier than it may be."""
    pieces = {piece.end_ms for piece in utterances(found) if piece.cut == "length"}
    went_on = {event.at_ms for event in found if isinstance(event, SpeechStarted)}
    assert all(end_ms >= keep_ms for end_ms in pieces & went_on)


def assert_growing(stream: FrameStream) -> None:
    growing = stream.segmenter.open_utterance()
    assert (growing is not None) == stream.segmenter.in_speech
    assert stream.segmenter.open_ms == (growing.end_ms - growing.start_ms if growing else 0)
    if growing is not None:
        assert growing.start_ms == stream.segmenter.settled_ms
        assert growing.end_ms == stream.count * FRAME_MS
        assert growing.pcm == pcm_between(growing.start_ms // FRAME_MS, stream.count)


def assert_in_order(seen: list[SegmentEvent]) -> None:
    triples = zip(*[iter(without_pauses(seen))] * 3, strict=True)
    for index, (started, stopped, utterance) in enumerate(triples):
        assert isinstance(started, SpeechStarted)
        assert isinstance(stopped, SpeechStopped)
        assert isinstance(utterance, Utterance)
        assert {started.segment_id, stopped.segment_id, utterance.segment_id} == {index}
        assert utterance.start_ms <= started.at_ms < stopped.at_ms <= utterance.end_ms


def assert_pauses_in_turn(seen: list[SegmentEvent]) -> None:
    """Pauses lie in speech; a silence that ends an utterance ends it as its pause has said."""
    pause: SpeechPaused | None = None
    segment_id: int | None = None
    for event in seen:
        match event:
            case SpeechStarted():
                segment_id, pause = event.segment_id, None
            case SpeechPaused():
                assert pause is None
                assert event.utterance.segment_id == segment_id
                pause = event
            case SpeechResumed():
                assert pause is not None
                assert event.segment_id == segment_id
                pause = None
            case SpeechStopped():
                segment_id = None
            case Utterance(cut="silence") if pause is not None:
                assert pause.utterance == event


def assert_exact(chosen: SegmentationSettings, emitted: list[Utterance]) -> None:
    for piece in emitted:
        assert piece.pcm == pcm_between(piece.start_ms // FRAME_MS, piece.end_ms // FRAME_MS)
        assert len(piece.pcm) <= chosen.max_utterance_ms * BYTES_PER_MS
    for before, after in itertools.pairwise(emitted):
        assert before.end_ms <= after.start_ms
