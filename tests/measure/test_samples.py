"""Recorded speech for the demo and for measurements: where its sentences are, and how long it is."""

import numpy as np
import pytest

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.errors import InvalidRequest
from sokuji.measure.samples import PAUSE_MS, compose, fill, sentences
from tests.support.speech import samples, silence


def test_composed_speech_has_the_positions_of_its_sentences() -> None:
    tone = b"\1\0" * 8_000
    composed = compose([tone, tone], pause_ms=250)
    assert composed.spans_ms == ((250, 750), (1_000, 1_500))
    assert composed.pcm == silence(250) + tone + silence(250) + tone + silence(250)


def test_only_the_silence_at_the_ends_of_a_recording_is_removed() -> None:
    for clip, (_, recording, _) in zip(sentences("pt"), samples("pt"), strict=True):
        place = recording.find(clip)
        assert 0 < place < len(recording) - len(clip)
        loudest = np.abs(np.frombuffer(recording, "<i2").astype(int)).max()
        cut = np.frombuffer(recording[:place] + recording[place + len(clip) :], "<i2").astype(int)
        assert np.abs(cut).max() < 0.05 * loudest


def test_a_language_without_recordings_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(InvalidRequest, match="accepted: en, es, fr"):
        sentences("de")


@pytest.mark.parametrize("duration_s", [1, 10, 30])
def test_speech_fills_the_duration_up_to_one_sentence(duration_s: int) -> None:
    clips = [silence(1_000), silence(2_000)]
    composed = fill(clips, duration_s, first=1)
    seconds = len(composed.pcm) / 2 / RECOGNISER_RATE
    lengths = [end - start for start, end in composed.spans_ms]
    assert lengths == ([2_000, 1_000] * 10)[: len(lengths)]
    assert seconds <= max(duration_s, 2 + 2 * PAUSE_MS / 1_000)
    assert seconds > duration_s - 2 - PAUSE_MS / 1_000
