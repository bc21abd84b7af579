"""No bytes that a client sends make a parser or a connection fail."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.fuzzing.targets import TARGETS

ROOT = Path(__file__).parents[3]
SEARCH_S = 20
MIN_INPUTS = 50
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
Target = Callable[[bytes], None]


@every_target
def test_seeds_and_what_has_failed_before(target: Target) -> None:
    for seed in (b"", *TARGETS[target]):
        target(seed)


@every_target
def test_seeds_that_are_cut_and_spliced(target: Target) -> None:
    seeds = st.sampled_from(TARGETS[target])

    # In other numbers than these, atheris finds more in the same time.
    @settings(max_examples=50)
    @given(seeds, seeds, st.binary(max_size=8), st.integers(0, 400), st.integers(0, 400))
    def holds(first: bytes, second: bytes, between: bytes, end: int, begin: int) -> None:
        target(first[:end] + between + second[begin:])

    holds()


@pytest.mark.long
@every_target
def test_inputs_that_reach_new_branches(target: Target, tmp_path: Path) -> None:
    options = (f"-max_total_time={SEARCH_S}", "-timeout=60", "-rss_limit_mb=1024", "-max_len=4096", "-seed=1")
    run = subprocess.run(
        [sys.executable, "-m", "tests.attacks.fuzzing.run", target.__name__, str(tmp_path), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    failing = {path.name: path.read_bytes()[:500] for path in tmp_path.glob("failing-*")}
    assert run.returncode == 0, f"{failing}\n{run.stdout[-4_000:]}\n{run.stderr[-4_000:]}"
    (inputs,) = re.findall(r"number_of_executed_units: (\d+)", run.stderr)
    assert int(inputs) > MIN_INPUTS
