"""A drift is seen where there is one, is not where there is none, and faults are accounted for."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from load_tests.measurements.drift import trend
from load_tests.measurements.load_level import SentenceTiming
from load_tests.measurements.soak_findings import TOTAL, SoakRun, findings, recovery
from load_tests.reports.plots import soak_png
from load_tests.scenarios.replica_kills import ReplicaKill
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji import events
from sokuji.measure.latency import LATENCY_POINTS, Stopwatch, UtteranceTimes

HOUR = np.arange(0, 3_600, 10.0)


def wandering(seed: int, memory: float = 0.0) -> np.ndarray:
    """Noise of variance about 1, each value keeping ``memory`` of the one before it."""
    noise = np.random.default_rng(seed).normal(size=len(HOUR))
    for place in range(1, len(noise)):
        noise[place] += memory * noise[place - 1]
    return noise


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_noise_without_a_drift_is_rarely_taken_for_one(memory: float) -> None:
    found = [trend(list(HOUR), list(wandering(seed, memory))) for seed in range(20)]
    assert sum(each is not None and each.seen for each in found) <= 4


def test_a_drift_above_the_resolution_is_seen_and_measured() -> None:
    found = trend(list(HOUR), list(300 + 5 * HOUR / 3_600 + wandering(1)), series=9)
    assert found is not None
    assert found.seen
    assert found.low < 5 < found.high
    assert found.per_hour == pytest.approx(5, abs=1)
    assert found.resolution < 1.5
    assert found.start == pytest.approx(300, abs=0.5)


def test_a_drift_below_the_resolution_is_not_seen() -> None:
    found = trend(list(HOUR), list(0.1 * HOUR / 3_600 + wandering(2)))
    assert found is not None
    assert not found.seen
    assert found.resolution > 0.1


def test_some_outliers_make_no_drift() -> None:
    values = wandering(3)
    values[-20:-5] += 1_000
    found = trend(list(HOUR), list(values))
    assert found is not None
    assert not found.seen


def test_a_leak_in_steps_is_a_drift() -> None:
    found = trend(list(HOUR), list(HOUR // 600))
    assert found is not None
    assert found.seen
    assert found.per_hour == pytest.approx(6, abs=1)


def test_more_series_need_more_evidence() -> None:
    one, many = (trend(list(HOUR), list(wandering(4)), series=series) for series in (1, 12))
    assert one is not None
    assert many is not None
    assert many.resolution > one.resolution


def test_what_never_changes_does_not_drift() -> None:
    found = trend(list(HOUR), [7.0] * len(HOUR))
    assert found is not None
    assert (found.per_hour, found.seen, found.level) == (0, False, 7)


def test_a_handful_of_points_is_not_judged() -> None:
    assert trend([], []) is None
    assert trend([0, 1, 2], [1, 2, 3]) is None


def sentence(began: float, first_audio_ms: float) -> SentenceTiming:
    """One that takes two seconds to say and one to be spoken."""
    answered = began + 2 + first_audio_ms / 1_000 + 1
    return SentenceTiming(began, began + 2, {"first audio": first_audio_ms}, answered)


def test_a_service_has_recovered_when_a_new_sentence_is_answered() -> None:
    # Killed at 10; the sentence begun at 8 is answered late, the one begun at 12 is answered at 15.4.
    spoken = [sentence(4, 300), sentence(8, 2_500), sentence(12, 400), sentence(16, 9_000)]
    found = recovery(ReplicaKill("SpeechToText", 10.0, 1.5), spoken, began=2.0)
    assert (found.at_s, found.replaced_s, found.recovered_s) == (8.0, 1.5, 5.4)
    assert found.worst_first_audio_ms == 2_500


def test_a_service_that_never_answers_again_has_not_recovered() -> None:
    found = recovery(ReplicaKill("Gateway", 10.0), [sentence(4, 300)], began=0.0)
    assert (found.recovered_s, found.replaced_s, found.worst_first_audio_ms) == (None, None, None)


def session(began: float, ends_s: Sequence[float], late_ms: float = 500.0) -> ServiceSession:
    """Sentences of a second each, all answered ``late_ms`` after their end but the last, which is lost."""
    spans = [(round(1_000 * end) - 1_000, round(1_000 * end)) for end in ends_s]
    found = ServiceSession(ScriptedSpeech("pt", b"", spans), stopwatch=Stopwatch("en"))
    found.pace.began = began
    for number, (start_ms, end_ms) in enumerate(spans[:-1]):
        heard = found.stopwatch.utterances[number] = UtteranceTimes(start_ms, end_ms)
        heard.at = dict.fromkeys(LATENCY_POINTS, began + (end_ms + late_ms) / 1_000)
    found.stopwatch.record(events.Done(), began)
    return found


def soaked(kills: Sequence[ReplicaKill] = ()) -> SoakRun:
    """Two minutes in which one deployment grows by 1 MiB every five seconds and the other does not."""
    run = SoakRun(began=100.0, seconds=120.0, sessions=[session(101.0, range(2, 118, 4))], kills=[*kills])
    run.memory = [(float(at), {"SpeechToText": 300.0 + at / 5, "Gateway": 90.0}) for at in range(0, 120, 5)]
    return run


def test_a_run_tells_what_was_lost_and_what_grows() -> None:
    found = findings(soaked())
    assert (found.level.sent, found.level.lost, found.warm_up_s) == (29, 1, 24)
    assert found.trends["SpeechToText"].per_hour == pytest.approx(720)
    assert not found.trends["Gateway"].seen
    assert found.trends["first audio"].level == 500
    assert found.verdict == f"drift seen: SpeechToText, {TOTAL}"


def test_memory_is_not_judged_when_replicas_were_killed() -> None:
    found = findings(soaked([ReplicaKill("SpeechToText", 150.0, 1.0)]))
    assert found.trends.keys() == {"caption", "first audio", "last audio"}
    assert found.verdict == "no drift seen"
    assert found.recoveries[0].at_s == 50


def test_the_report_is_json_and_the_picture_a_png(tmp_path: Path) -> None:
    found = findings(soaked([ReplicaKill("SpeechToText", 150.0)]))
    report = json.loads(json.dumps(found.report()))
    assert report["trends"]["first audio"]["unit"] == "ms per hour"
    assert len(report["memory_mib"]["Gateway"]["values"]) == 24
    path = tmp_path / "soak.png"
    soak_png(found, path)
    assert path.read_bytes().startswith(b"\x89PNG")
