"""What a machine can do at most: batches of one window, the fastest setups, sessions, the soonest voice."""

import pytest

from load_tests.measurements.capacity import SETTINGS as RULES
from load_tests.measurements.capacity import (
    CeilingRounds,
    StageRounds,
    after_speech_s,
    fastest,
    percentiles_ms,
)
from load_tests.scenarios.in_process import PipelineTiming, StageSetup
from load_tests.scenarios.recognisers import CoreLayout, batches_by_window, layouts
from load_tests.scenarios.speech_samples import SpeechSample, padded, silence
from sokuji.config import SegmentationSettings
from sokuji.measure.samples import PAUSE_MS

SETTINGS = SegmentationSettings(min_silence_ms=480, padding_ms=160)


def test_cores_are_divided_without_a_rest() -> None:
    assert layouts(1) == [CoreLayout(1, 1)]
    assert layouts(2) == [CoreLayout(1, 2), CoreLayout(2, 1)]
    assert layouts(6) == [CoreLayout(1, 6), CoreLayout(2, 3), CoreLayout(3, 2), CoreLayout(6, 1)]


def test_a_batch_holds_utterances_of_one_window_and_no_more_than_it_may() -> None:
    windows = [8, 5, 8, 8, 5, 8, 3]
    found = batches_by_window(windows, most=3)
    assert found == [[0, 2, 3], [5], [1, 4], [6]]
    assert batches_by_window(windows, most=1) == [[0], [2], [3], [5], [1], [4], [6]]


def test_the_limit_takes_the_fastest_setup_of_each_stage_by_its_median() -> None:
    slow = StageSetup("stt", 1, 2, 1)
    fast = StageSetup("stt", 2, 1, 4)
    translation, voice = StageSetup("translation", 1, 1, 1), StageSetup("tts", 2, 1, 1)
    seconds = {slow: [0.3, 0.3, 0.05], fast: [0.1, 0.1, 0.9], translation: [0.02], voice: [0.13]}
    assert fastest(seconds) == {fast: 0.1, translation: 0.02, voice: 0.13}
    rounds = CeilingRounds("pt", "en", 3, [SpeechSample("pt", silence(2_000), "a")], [])
    rounds.stages |= {setup: StageRounds(each) for setup, each in seconds.items()}
    timing = PipelineTiming(text="a", recognised_s=0.5, translated_s=1, first_audio_s=1, last_audio_s=1)
    rounds.timings["plain"].append([timing])
    limit = rounds.limit()
    assert limit["utterances_per_s"] == pytest.approx(4)
    assert limit["recognition_per_s"] == pytest.approx(10)
    assert limit["recognition_over_plain"] == pytest.approx(5)


def test_a_session_says_something_once_in_its_speech_and_pause() -> None:
    clips = [SpeechSample("pt", silence(ms), "a") for ms in (1_000, 3_000)]
    samples = [padded(each, RULES.pre_roll_ms, RULES.padding_ms) for each in clips]
    assert CeilingRounds("pt", "en", 1, samples, []).period_s == pytest.approx(2 + PAUSE_MS / 1_000)


def test_percentiles_lie_between_neighbours() -> None:
    assert percentiles_ms([0.1, 0.2]) == {"p50": 150.0, "p95": 195.0}


@pytest.mark.parametrize(
    ("work_s", "speculating", "waiting"),
    [(0.0, 0.48, 0.48), (0.32, 0.48, 0.8), (0.5, 0.66, 0.98)],
    ids=["no work", "as long as the silence left", "longer"],
)
def test_the_voice_waits_for_the_silence_and_for_its_making(
    work_s: float, speculating: float, waiting: float
) -> None:
    assert after_speech_s(work_s, SETTINGS, speculate=True) == pytest.approx(speculating)
    assert after_speech_s(work_s, SETTINGS, speculate=False) == pytest.approx(waiting)
