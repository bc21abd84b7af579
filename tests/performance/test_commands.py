"""The commands of the tuning guide run as files, and write the reports that it names."""

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from sokuji.measure.latency import LATENCY_POINTS
from tests.support.api_server import serve_api

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent


def run(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does: a file, without the repository on PYTHONPATH."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, str(FOLDER / command), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.mark.parametrize(
    ("command", "option"),
    [("benchmark.py", "--duration"), ("ab_test.py", "--config-a"), ("ab_test.py", "--config-b")],
)
def test_a_command_explains_its_options(command: str, option: str, tmp_path: Path) -> None:
    result = run(command, "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert option in result.stdout


def test_the_benchmark_writes_the_baseline_into_a_new_folder(tmp_path: Path) -> None:
    with serve_api() as url:
        result = run(
            "benchmark.py", "--duration", "5", "--sessions", "1", "--warm-up", "0", "--url", url, cwd=tmp_path
        )
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "benchmarks" / "baseline.json").read_text())
    (level,) = report["levels"]
    assert (level["sessions"], level["lost"], level["out_of_order"], level["errors"]) == (1, 0, 0, {})
    assert tuple(level["latency_ms"]) == LATENCY_POINTS
    assert report["load"]["duration_s"] == 5
    assert (tmp_path / "benchmarks" / "baseline.png").is_file()


@pytest.mark.long
def test_another_output_of_the_benchmark_leaves_the_baseline_alone(tmp_path: Path) -> None:
    with serve_api() as url:
        options = [
            "--duration",
            "5",
            "--sessions",
            "1",
            "--warm-up",
            "0",
            "--url",
            url,
            "--output",
            "other.json",
        ]
        result = run("benchmark.py", *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "other.json").is_file()
    assert not (tmp_path / "benchmarks" / "baseline.json").exists()


def test_the_comparison_refuses_what_is_no_serve_config(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("beam_size: 5\n")
    result = run(
        "ab_test.py", "--config-a", str(ROOT / "serve_config.yaml"), "--config-b", "b.yml", cwd=tmp_path
    )
    assert result.returncode == 1
    assert "config B: b.yml is not a Serve config" in result.stderr


@pytest.mark.timeout(600)
@pytest.mark.long
def test_the_benchmark_starts_a_service_of_its_own(tmp_path: Path, unused_tcp_port: int) -> None:
    output = tmp_path / "benchmarks" / "baseline.json"
    options = ["--duration", "5", "--sessions", "1", "--port", str(unused_tcp_port), "--output", str(output)]
    result = subprocess.run(
        [sys.executable, str(FOLDER / "benchmark.py"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=590,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(output.read_text())
    assert report["levels"][0]["lost"] == 0
    assert {"Gateway", "SpeechToText", "Translation"} <= report["levels"][0]["usage"].keys()
    assert report["serve"]["config"]["applications"]


@pytest.mark.parametrize("command", ["benchmark.py", "ab_test.py"])
def test_a_command_is_not_collected_as_a_test(command: str, request: pytest.FixtureRequest) -> None:
    assert not any(fnmatch(command, pattern) for pattern in request.config.getini("python_files"))
