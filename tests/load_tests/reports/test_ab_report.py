"""What an A/B test makes of its runs: their figures, what may not be compared, and the verdict in words."""

import pytest

from load_tests.measurements.paired_comparison import Side, Verdict
from load_tests.reports.ab_report import CPU, FIGURES, MEMORY_MIB, ABRun, comparisons, conclusion, faults
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji import events
from sokuji.measure.latency import Stopwatch

DECIDES = "first audio p50"
SPEECH_MS = 1_000


def session(first_audio_ms: float, sentences: int = 2, lost: int = 0) -> ServiceSession:
    """Sentences of a second each, all answered ``first_audio_ms`` after their end but the last ``lost``."""
    stopwatch = Stopwatch("en")
    spans = [(2 * n * SPEECH_MS, (2 * n + 1) * SPEECH_MS) for n in range(sentences)]
    found = ServiceSession(ScriptedSpeech("pt", b"", spans), stopwatch=stopwatch)
    found.pace.began = 0.0
    for number, (start_ms, end_ms) in enumerate(spans[: sentences - lost]):
        for event in answered(number, start_ms, end_ms):
            stopwatch.record(event, (end_ms + first_audio_ms) / 1_000)
    return found


def answered(number: int, start_ms: int, end_ms: int) -> list[events.Event]:
    return [
        events.Speech(state="started", at_ms=start_ms, segment_id=number),
        events.Speech(state="stopped", at_ms=end_ms, segment_id=number),
        events.Transcription(
            segment_id=number, text="a", language="pt", is_final=True, confidence=None, start_ms=start_ms,
            end_ms=end_ms, stable_chars=1,
        ),
        events.TranslationText(
            segment_id=number, clause=0, text="b", source_language="pt", target_language="en", is_final=True
        ),
        events.Audio(
            segment_id=number, clause=0, chunk=0, target_language="en", pcm=b"\0\0", sample_rate=8_000,
            last=True,
        ),
    ]  # fmt: skip


def run(pair: int, side: Side, first_audio_ms: float, *, lost: int = 0) -> ABRun:
    sessions = [session(first_audio_ms), session(first_audio_ms + 100, lost=lost)]
    return ABRun.of(pair, side, sessions, cpu_s=6.0, memory_mib=900.0)


def runs(b_ms: float = 400, pairs: int = 3) -> list[ABRun]:
    """In every other pair B comes first; in the last one A."""
    found = []
    for pair in range(pairs):
        both = [run(pair, "a", 500 + 20 * pair), run(pair, "b", b_ms + 20 * pair)]
        found += both if (pairs - pair) % 2 else both[::-1]
    return found


def test_a_run_has_all_figures_of_its_sentences() -> None:
    found = run(0, "a", 500).figures
    assert tuple(found) == (CPU, MEMORY_MIB, *FIGURES[:-2])
    assert found[DECIDES] == pytest.approx(550)
    assert found["first audio mean"] == pytest.approx(550)
    assert found["first audio p95"] == pytest.approx(600)
    assert (found[CPU], found[MEMORY_MIB]) == (1.5, 900)


def test_runs_are_compared_with_that_of_their_own_pair_whatever_their_order() -> None:
    found = comparisons(runs(), margin=0.03)
    assert list(found) == list(FIGURES)
    assert found[DECIDES].a == pytest.approx(570)
    assert found[DECIDES].b == pytest.approx(470)
    assert found[DECIDES].verdict is Verdict.B
    assert found[CPU].verdict is Verdict.NONE
    assert conclusion(runs(), found, DECIDES).startswith("B is faster (first audio p50: B / A = 0.82")
    assert conclusion(runs(), found, CPU).endswith("any difference is within the margin")


def test_the_other_way_round_it_is_a_that_is_faster() -> None:
    found = comparisons(runs(b_ms=700), margin=0.03)
    assert conclusion(runs(b_ms=700), found, DECIDES).startswith("A is faster")


def test_one_lost_sentence_leaves_nothing_to_compare() -> None:
    some = [*runs()[:-1], run(2, "b", 100, lost=1)]
    assert faults(some) == ["B lost 1 of 4 sentences and misplaced 0 events in pair 3"]
    found = comparisons(some, margin=0.03)
    assert {each.verdict for each in found.values()} == {Verdict.NOT_COMPARABLE}
    assert conclusion(some, found, DECIDES) == f"not comparable: {faults(some)[0]}"


def test_a_run_that_heard_nothing_back_is_not_comparable_either() -> None:
    silent = ABRun.of(2, "b", [session(0, lost=2)], cpu_s=1.0, memory_mib=900.0)
    some = [*runs()[:-1], silent]
    found = comparisons(some, margin=0.03)
    assert list(found) == [CPU, MEMORY_MIB]
    assert conclusion(some, found, DECIDES).startswith("not comparable: B lost 2 of 2")


def test_two_pairs_are_too_few_for_a_verdict() -> None:
    few = runs(pairs=2)
    words = conclusion(few, comparisons(few, margin=0.03), DECIDES)
    assert words == "too few pairs (first audio p50: B / A = 0.821)"
