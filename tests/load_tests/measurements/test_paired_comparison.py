"""What an A/B test may conclude, and when it must not: pairs, intervals, margins, lost sentences."""

import numpy as np
import pytest

from load_tests.measurements.paired_comparison import (
    CONFIDENCE,
    LEAST_PAIRS,
    Comparison,
    Verdict,
    compare,
    randomised_order,
)

PACE = (1.0, 1.4, 0.9, 1.2, 1.1)
"""Of the machine in five pairs of runs: it changes more than what is to be found."""


def pairs(count: int, effect: float, noise: float, seed: int) -> tuple[list[float], list[float]]:
    """Runs of both; B takes ``effect`` times as long."""
    draw = np.random.default_rng(seed)
    pace = draw.uniform(0.7, 1.5, count)
    a, b = (500 * pace * np.exp(draw.normal(0, noise, count)) for _ in range(2))
    return list(a), list(effect * b)


def interval(found: Comparison) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_what_is_a_fifth_faster_is_found_though_the_machine_changes_more() -> None:
    a = [500 * pace for pace in PACE]
    b = [400 * pace * noise for pace, noise in zip(PACE, (1.01, 0.99, 1, 1.02, 0.98), strict=True)]
    found = compare(a, b, margin=0.05)
    assert (found.effect, found.verdict, found.within_margin) == ("ratio", Verdict.B, False)
    low, high = interval(found)
    assert low < 0.8 < high < 0.85
    assert found.estimate == pytest.approx(0.8, rel=0.01)
    assert found.a == pytest.approx(550)
    assert found.b == pytest.approx(440, rel=0.02)


def test_exchanging_both_turns_the_verdict_and_the_ratio_round() -> None:
    a, b = pairs(5, 0.8, 0.02, seed=1)
    found, turned = compare(a, b, 0.05), compare(b, a, 0.05)
    assert (found.verdict, turned.verdict) == (Verdict.B, Verdict.A)
    assert turned.estimate == pytest.approx(1 / found.estimate)
    assert interval(turned) == pytest.approx(tuple(1 / each for each in reversed(interval(found))))


@pytest.mark.parametrize("runs", [[500.0] * 5, [500.0, 700.0, 450.0, 600.0, 550.0]])
def test_equal_runs_show_no_difference_that_matters(runs: list[float]) -> None:
    found = compare(runs, runs, margin=0)
    assert (found.verdict, found.estimate, interval(found)) == (Verdict.NONE, 1, (1, 1))
    assert found.within_margin


def test_runs_that_scatter_show_nothing_and_prove_no_equality() -> None:
    found = compare([500, 520, 480, 510, 490], [430, 600, 380, 640, 410], margin=0.05)
    assert (found.verdict, found.within_margin) == (Verdict.NONE, False)
    assert found.estimate < 0.98  # An estimate alone would have been a verdict.


def test_a_sure_difference_within_the_margin_is_none_to_anybody() -> None:
    a = [500 * pace for pace in PACE]
    b = [490 * pace for pace in PACE]
    assert compare(a, b, margin=0.01).verdict is Verdict.B
    within = compare(a, b, margin=0.05)
    assert (within.verdict, within.within_margin) == (Verdict.NONE, True)


@pytest.mark.parametrize("count", [1, LEAST_PAIRS - 1])
def test_too_few_pairs_give_no_verdict_however_clear_they_look(count: int) -> None:
    found = compare([500] * count, [100] * count, margin=0.05)
    assert (found.verdict, found.low, found.high) == (Verdict.TOO_FEW, None, None)
    assert found.estimate == pytest.approx(0.2)
    assert compare([500] * LEAST_PAIRS, [100] * LEAST_PAIRS, margin=0.05).verdict is Verdict.B


def test_an_interval_of_five_pairs_holds_the_truth_as_often_as_it_says() -> None:
    held = []
    for seed in range(500):
        low, high = interval(compare(*pairs(5, 0.8, 0.1, seed), 0.05))
        held.append(low <= 0.8 <= high)
    assert np.mean(held) == pytest.approx(CONFIDENCE, abs=0.025)


def test_a_voice_that_begins_before_the_end_of_speech_is_compared_by_difference() -> None:
    found = compare([700, 720, 690], [-100, -90, -115], margin=0.05)
    assert (found.effect, found.verdict) == ("difference", Verdict.B)
    assert found.estimate == pytest.approx(-805)
    low, high = interval(found)
    assert low < -805 < high < 0


def test_a_pair_must_have_both_its_runs() -> None:
    with pytest.raises(ValueError, match="3 runs of A, but 2 of B"):
        compare([1, 2, 3], [1, 2], margin=0)


@pytest.mark.parametrize("seed", range(5))
def test_every_two_pairs_have_both_orders(seed: int) -> None:
    for first, second in zip(randomised_order(8, seed)[::2], randomised_order(8, seed)[1::2], strict=True):
        assert sorted([first, second]) == [("a", "b"), ("b", "a")]


def test_the_order_is_by_lot_and_the_same_for_the_same_seed() -> None:
    assert randomised_order(6, seed=3) == randomised_order(6, seed=3)
    assert len({tuple(randomised_order(6, seed)) for seed in range(20)}) > 4
    assert [len(randomised_order(count, seed=0)) for count in (1, 2, 5)] == [1, 2, 5]
