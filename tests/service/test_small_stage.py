"""What the application's args and the variables of the Serve config do to a stage, on a real Ray Serve."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphs.speech_translation import GraphArgs
from tests.service.small_stage import CALLS, ENVIRONMENT, INTERVALS, REPLICAS, STRATEGIES
from tests.support.knobs import Knobs
from tests.support.metrics_page import total

ROOT = Path(__file__).parents[2]
LONGEST_S = 400
pytestmark = [pytest.mark.long, pytest.mark.timeout(LONGEST_S + 20)]


@pytest.fixture(scope="module")
def observed() -> Iterator[dict[str, Any]]:
    """What ``small_stage`` prints, run once."""
    # A developer's own Ray on this machine must not be joined.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    # Ray puts sockets there, whose paths must be short.
    directory = tempfile.mkdtemp(prefix="sokuji-", dir="/tmp")
    try:
        run = subprocess.run(
            [sys.executable, "-m", "tests.service.small_stage", directory],
            cwd=ROOT,
            env=environment | ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-5_000:]
        yield json.loads(run.stdout.splitlines()[-1])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.knob("args.load_balance_strategy")
def test_calls_are_spread_as_the_strategy_says(observed: dict[str, Any], knob: Knobs) -> None:
    spread = observed["spread"]
    # All replicas but one are busy: nobody looks at that, two are compared, all are compared.
    assert spread["round_robin"] == [CALLS / REPLICAS] * REPLICAS
    assert spread["least_loaded"] == [CALLS]
    assert len(spread["power_of_two"]) > 1
    assert spread["power_of_two"][0] > CALLS / REPLICAS
    for strategy in STRATEGIES:
        args = GraphArgs.model_validate({"load_balance_strategy": strategy})
        knob.observe("args.load_balance_strategy", args, tuple(spread[strategy]))


@pytest.mark.knob("args.health_check_interval")
def test_health_is_checked_at_the_interval_and_a_replica_that_is_ill_is_replaced(
    observed: dict[str, Any], knob: Knobs
) -> None:
    health = [observed["health"][str(interval)] for interval in INTERVALS]
    for interval, found in zip(INTERVALS, health, strict=True):
        # Serve varies the period by a tenth.
        assert found["gap_s"] >= 0.85 * interval
        args = GraphArgs.model_validate({"health_check_interval": interval})
        knob.observe("args.health_check_interval", args, found["gap_s"])
    often, seldom = health
    assert often["gap_s"] < seldom["gap_s"]
    assert often["replaced_s"] < seldom["replaced_s"]


def test_the_log_level_is_that_of_the_replica(observed: dict[str, Any]) -> None:
    for name, level in (("DEBUG", 10), ("WARNING", 30)):
        found = observed["environment"][name]
        assert found["levels"] == {"sokuji": level, "ray.serve": level}
        assert found["variables"] == ["LOG_LEVEL"]


def test_a_variable_of_another_stage_is_refused_if_it_was_set_for_this_deployment_alone(
    observed: dict[str, Any],
) -> None:
    for_this_one, for_all = observed["refused"]
    assert "MODEL_SIZE has no effect on translation provider bergamot: it is a variable of stage stt" in (
        for_this_one
    )
    assert for_all == ""


def test_a_session_that_is_refused_scales_the_stage_up_that_was_full(observed: dict[str, Any]) -> None:
    assert observed["scaling"] == [1, 2]


def test_the_metrics_of_a_replica_stand_on_the_pages_of_both(observed: dict[str, Any]) -> None:
    pages = observed["metrics"]
    assert len(pages) == 2
    for own, (calls, page) in pages.items():
        (other,) = pages.keys() - {own}
        assert total(page, "calls_total", deployment="Measuring", replica=own) == calls
        assert 1 <= total(page, "calls_total", deployment="Measuring", replica=other) <= pages[other][0]


def test_a_replica_that_exceeds_the_memory_of_its_actor_options_is_replaced(observed: dict[str, Any]) -> None:
    assert observed["growth"] == [False, True]
