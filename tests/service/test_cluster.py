"""A cluster of several nodes on this machine, by the command that documents it (docs/scaling.md)."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ops.tools import ROOT, program

LONGEST_S = 1_500
pytestmark = [pytest.mark.long, pytest.mark.timeout(LONGEST_S + 60)]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def scaling(tmp_path: Path) -> Run:
    """Runs scenarios; returns their figures."""
    for name in ("nginx", "redis-server", "unshare", "ip"):
        program(name)

    def run(*options: str) -> dict[str, Any]:
        report = tmp_path / "scaling.json"
        command = (sys.executable, "-m", "load_tests.scaling", *options, "--output", str(report))
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        assert report.exists(), done.stdout + done.stderr
        figures: dict[str, Any] = json.loads(report.read_text())
        return figures

    return run


def check_users(users: dict[str, Any]) -> None:
    """Nobody lost a word, heard one twice or met an error."""
    totals = users["totals"]
    assert totals["words"]["said"] > 0
    assert (totals["words"]["lost"], totals["words"]["doubled"], totals["errors"]) == (0, 0, 0)
    assert users["out_of_order"] == 0


def test_replicas_follow_the_load_and_go_when_nobody_speaks(scaling: Run) -> None:
    figures = scaling("--scenarios", "load,idle")
    (load,), (idle,) = figures["load"], figures["idle"]
    found = {each["deployment"]: each for each in load["deployments"]}
    assert {name: (each["before"], each["most"], each["after"]) for name, each in found.items()} == {
        "SpeechToText": (1, 3, 1),
        "Gateway": (1, 2, 1),
    }
    check_users(load["users"])
    assert set(idle["asleep"].values()) == set(idle["asleep_again"].values()) == {0}
    assert set(idle["awake"].values()) == {1}
    check_users(idle["users"])


def test_gateways_call_the_recogniser_on_their_node_unless_they_take_turns(scaling: Run) -> None:
    for run in scaling("--scenarios", "locality")["locality"]:
        near = sum(calls for place, calls in run["calls"].items() if place.endswith(run["gateway"]))
        far = sum(run["calls"].values()) - near
        if run["strategy"] == "round_robin":
            assert abs(near - far) <= 0.2 * (near + far)
        else:
            assert near > 2 * far


def test_no_word_is_lost_when_nodes_and_what_runs_on_them_are_killed(scaling: Run) -> None:
    runs = scaling("--scenarios", "faults")["faults"]
    assert len(runs) == 10
    for run in runs:
        check_users(run["users"])
