"""Shares of GPUs: what fits into a part of one, and how many hold them all."""

import pytest

from sokuji.capacity.memory import GB, MemoryNeed
from sokuji.capacity.placement import Replica, check_share, gpus_needed, unplaced
from sokuji.errors import ConfigError


def replicas(*gpus: float) -> list[Replica]:
    return [Replica(f"r{number}", share, 1) for number, share in enumerate(gpus)]


@pytest.mark.parametrize(
    ("needed", "share", "gpu_bytes"),
    [
        (MemoryNeed(3 * GB, 0), 0.5, 6 * GB),
        (MemoryNeed(3 * GB, 0), 0.5, None),
        (MemoryNeed(0, 90 * GB), 0, None),
        (None, 0.1, GB),
        (MemoryNeed(0, 0, gpu_share=0.5), 0.5, 8 * GB),
    ],
)
def test_what_fits_is_let_through(needed: MemoryNeed | None, share: float, gpu_bytes: int | None) -> None:
    check_share("Ears", needed, share, gpu_bytes)


@pytest.mark.parametrize(
    ("needed", "share", "gpu_bytes", "said"),
    [
        (
            MemoryNeed(5 * GB, 0),
            0.5,
            6 * GB,
            "needs 5.0 GB .* share of 0.5 of 6.0 GB is 3.0 GB: 2.0 GB are missing",
        ),
        (MemoryNeed(5 * GB, 0), 0.5, 6 * GB, "Take num_gpus 0.84, a smaller"),
        (MemoryNeed(9 * GB, 0), 0.5, 6 * GB, "a larger GPU"),
        (MemoryNeed(9 * GB, 0), 2, 6 * GB, "3.0 GB are missing"),
        (MemoryNeed(1, 0), 0, None, "has no share of one: set num_gpus"),
        (MemoryNeed(0, 0, gpu_share=0.9), 0.5, 8 * GB, r"takes 0\.90 .* \(num_gpus\) is 0\.5"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_amount(
    needed: MemoryNeed, share: float, gpu_bytes: int | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"Ears .*{said}"):
        check_share("Ears", needed, share, gpu_bytes)


@pytest.mark.parametrize(
    ("shares", "gpus"),
    [
        ((), 0),
        ((0, 0), 0),
        ((0.1,) * 10, 1),
        ((0.5, 0.5), 1),
        ((0.6, 0.6), 2),
        # Three times 0.6 is less than two, but a fraction lies on one card.
        ((0.6, 0.6, 0.6), 3),
        ((0.38, 0.38, 0.38, 0.38), 2),
        ((2, 0.5), 3),
        ((0.7, 0.3, 0.6, 0.4), 2),
    ],
)
def test_as_many_gpus_as_hold_all_fractions(shares: tuple[float, ...], gpus: int) -> None:
    assert gpus_needed(replicas(*shares)) == gpus


def test_those_without_a_place_are_named() -> None:
    assert [each.name for each in unplaced(replicas(0.5, 0.9, 0), 1)] == ["r0"]
    assert [each.name for each in unplaced(replicas(0.5, 0), 0)] == ["r0"]
