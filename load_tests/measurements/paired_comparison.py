"""Which of two configurations is better, from runs of both in pairs: pure.

A run is one observation, not an utterance: utterances of one run share the state of the machine, and a
thousand of them prove no more than the run. Each pair gives one effect, the logarithm of B's figure over A's,
in which the speed of the machine at that time cancels out. The interval is Student's t over the effects, as
recommended for few measurements (Georges, Buytaert and Eeckhout, "Statistically Rigorous Java Performance
Evaluation", OOPSLA 2007, section 3.2).

The usual alternatives fail with few pairs. Bootstrap intervals are too narrow (Hesterberg, "What Teachers
Should Know About the Bootstrap", The American Statistician 69, 2015): of five normal effects those of
``scipy.stats.bootstrap``, percentile and BCa, hold the truth in 84 of 100 cases instead of 95, Student's in
95. Of effects with the heavy tails of t with 3 degrees of freedom it is 84, 82 and 96. The Wilcoxon test and
sign permutation tests cannot reject at the 5 % level with five pairs: their smallest two-sided p is 2 / 2^5.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

LEAST_PAIRS = 3
"""With fewer the interval is too wide to be useful: of two pairs it is 18 standard deviations."""
CONFIDENCE = 0.95
"""How often an interval holds the true effect."""

Side = Literal["a", "b"]


class Verdict(StrEnum):
    """The result for a figure of which less is better."""

    A = "A is better"
    B = "B is better"
    NONE = "no difference seen"
    TOO_FEW = "too few pairs"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of both configurations, ready for JSON."""

    a: float
    """Median over the runs of A."""
    b: float
    effect: Literal["ratio", "difference"]
    """``ratio``: B over A. ``difference``: B minus A, for figures of which some are zero or negative, such as
    the delay of a voice that begins before the speech is over."""
    estimate: float
    """Of a ratio the geometric mean over the pairs, of a difference the mean."""
    low: float | None
    """Ends of the confidence interval; None with too few pairs."""
    high: float | None
    verdict: Verdict
    within_margin: bool = False
    """Whether all of the interval is a difference that does not matter."""


def randomised_order(pairs: int, seed: int) -> list[tuple[Side, Side]]:
    """Which of both runs first in each pair: AB BA or BA AB, at random for every two pairs.

    A steady change of the machine then affects both alike, and a periodic one cannot coincide with the order.
    """
    generator = random.Random(seed)
    sides: list[tuple[Side, Side]] = []
    while len(sides) < pairs:
        block: list[tuple[Side, Side]] = [("a", "b"), ("b", "a")]
        generator.shuffle(block)
        sides += block
    return sides[:pairs]


def compare(a: Sequence[float], b: Sequence[float], margin: float) -> Comparison:
    """One figure of which less is better, by pairs: ``a[i]`` and ``b[i]`` were measured one after the other.

    A relative difference up to ``margin`` does not matter; 0.05 is 5 %.

    Raises:
        ValueError: the numbers of runs differ.
    """
    from scipy import stats  # As in ``drift``: takes a second.

    if len(a) != len(b):
        raise ValueError(f"{len(a)} runs of A, but {len(b)} of B")
    as_ratio = min(*a, *b) > 0
    effects = np.log(b) - np.log(a) if as_ratio else np.subtract(b, a)
    mean = float(np.mean(effects))
    tolerated = float(np.log1p(margin)) if as_ratio else margin * float(np.mean(np.abs(a)))
    outward = np.exp if as_ratio else float
    low = high = None
    verdict, within = Verdict.TOO_FEW, False
    if len(a) >= LEAST_PAIRS:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(a) - 1) * stats.sem(effects))
        within = -tolerated <= mean - half and mean + half <= tolerated
        verdict = Verdict.NONE if abs(mean) <= half or within else Verdict.B if mean < 0 else Verdict.A
        low, high = float(outward(mean - half)), float(outward(mean + half))
    return Comparison(
        a=float(np.median(a)),
        b=float(np.median(b)),
        effect="ratio" if as_ratio else "difference",
        estimate=float(outward(mean)),
        low=low,
        high=high,
        verdict=verdict,
        within_margin=within,
    )
