"""The ``sokuji profile`` commands, on machines with and without a GPU."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sokuji.capacity.profiles import profile_paths
from sokuji.cli.app import app


def run(line: str) -> Result:
    return CliRunner().invoke(app, ["profile", *line.split()], prog_name="sokuji")


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a driver; one GPU of 8 GB, unless the file says otherwise."""
    listed = tmp_path / "cards"
    listed.write_text("0, GPU-a, 8192, A card\n")
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f"#!/bin/sh\nexec cat {listed}\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return listed


@pytest.fixture
def no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.mark.usefixtures("no_cards")
def test_a_machine_without_a_gpu_gets_a_profile_that_needs_none() -> None:
    found = json.loads(run("recommend --json").stdout)
    assert found["profile"] in ("default", "cpu_only")
    assert Path(found["file"]).is_file()
    assert "there is no GPU, and it needs none" in found["why"]
    assert any("a GPU of" in lack or "cores" in lack for lack in found["better"]["missing"])
    assert found["machine"]["gpus"] == []
    assert (found["machine"]["cores"] >= 1, found["lacking"]) == (True, [])


@pytest.mark.usefixtures("no_cards")
def test_a_wish_is_respected_and_an_unknown_wish_is_refused() -> None:
    assert json.loads(run("recommend --json --wish latency").stdout)["profile"] == "default"
    refused = run("recommend --wish fame")
    assert refused.exit_code == 2
    assert "latency" in refused.stderr


def test_a_recommendation_names_models_to_fetch_the_start_command_and_a_better_profile(
    cards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sokuji.capacity.machine.cpu_limit", lambda: 16)
    shown = run("recommend --wish quality").stdout
    assert shown.startswith("balanced: One GPU of 6 GB")
    assert "  it needs a GPU of 6.0 GB: there is A card of 8.6 GB\n" in shown
    assert "  sokuji models fetch whisper medium\n" in shown
    assert "  sokuji models fetch nllb facebook/nllb-200-distilled-1.3B\n" in shown
    assert "make run CONFIG=" in shown
    assert "better would be max_quality: it takes a GPU of 24.0 GB (there is A card of 8.6 GB)" in shown


def test_every_profile_is_listed_with_the_hardware_it_needs() -> None:
    lines = run("list").stdout.splitlines()
    for name in profile_paths():
        assert any(line.startswith(f"{name} ") for line in lines)
        assert any(line.startswith(f"{name}: ") and line.endswith(".") for line in lines)
    assert any("2 x 8.0 GB" in line and line.startswith("scale_out") for line in lines)
    assert any("DEEPL_API_KEY" in line for line in lines)


def test_a_profile_is_checked_against_the_gpus_of_this_machine(cards: Path) -> None:
    accepted = run("check balanced")
    assert accepted.exit_code == 0
    assert "8.6 GB" in accepted.stdout
    large = run("check max_quality")
    assert large.exit_code == 1
    assert "SpeechToText does not fit: it needs 6.1 GB of GPU memory" in large.stderr
    few = run("check scale_out")
    assert few.exit_code == 1
    assert "it takes 2 of such GPUs to hold all replicas, and this machine has 1" in few.stderr
    cards.write_text("0, GPU-a, 8192, A card\n1, GPU-b, 8192, A card\n")
    assert run("check scale_out").exit_code == 0


@pytest.mark.usefixtures("no_cards")
def test_without_a_gpu_a_profile_is_checked_against_the_gpus_it_is_made_for(tmp_path: Path) -> None:
    assert run("check max_quality").exit_code == 0
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        profile_paths()["max_quality"].read_text().replace("gpu_memory_gb: 24", "gpu_memory_gb: 12")
    )
    refused = run(f"check {mine}")
    assert refused.exit_code == 1
    assert "share of 0.28 of 12.0 GB is 3.4 GB: 2.7 GB are missing" in refused.stderr
    assert "no profile 'nothing'" in run("check nothing").stderr
