"""The GPU check: what it says without a card, and what of it runs on a CPU."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from load_tests import gpu_check
from load_tests.gpu_check import NO_CARD, app, held, of_section
from load_tests.scenarios.gpu_sections import BATCHES
from sokuji.capacity.machine import Gpu
from tests.support.nllb.build import model


def check(*options: str, folder: Path) -> tuple[int, list[dict[str, Any]]]:
    report = folder / "report.json"
    done = CliRunner().invoke(app, ["--output", str(report), *options])
    rows: list[dict[str, Any]] = json.loads(report.read_text())["rows"]
    return done.exit_code, rows


def test_without_a_card_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_check, "visible_gpus", lambda: ())
    done = CliRunner().invoke(app, ["--nllb", "none"])
    assert done.exit_code == NO_CARD
    assert done.output == "no GPU: nvidia-smi lists none, nothing was checked\n"


def test_an_unknown_section_is_refused_with_those_that_there_are() -> None:
    done = CliRunner().invoke(app, ["--nllb", "none", "--device", "cpu", "--only", "whisker"])
    assert done.exit_code == 2
    assert "sessions" in done.output


@pytest.mark.models
def test_the_tiny_translator_is_measured_under_both_runtimes(tmp_path: Path) -> None:
    options = ("--nllb", str(model()), "--device", "cpu", "--only", "nllb,tensorrt")
    code, rows = check(*options, folder=tmp_path)
    assert code == 0
    assert {row["text"] for row in rows} == {"Onde fica a estação?"}
    assert all(row["ms_each"] > 0 for row in rows)


@pytest.mark.long
@pytest.mark.models
def test_recognition_is_measured_with_every_batch(tmp_path: Path) -> None:
    code, rows = check("--nllb", "none", "--device", "cpu", "--only", "whisper", folder=tmp_path)
    assert code == 0
    assert [row["what"] for row in rows] == [f"Whisper base int8, batch {size}" for size in BATCHES["cpu"]]
    assert all(row["word_error_rate"] < 0.3 for row in rows)


def test_a_section_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The card is not there: sections fail in their own processes.
    monkeypatch.setattr(gpu_check, "visible_gpus", lambda: (Gpu("none", 1),))
    code, rows = check("--nllb", str(tmp_path), "--only", "nllb,tensorrt", folder=tmp_path)
    assert code == 1
    assert {"what": "nllb", "failed": "exit code 1"} in rows
    assert {"what": "NLLB tiny, TensorrtExecutionProvider", "skipped": "not installed"} in rows


def test_a_section_that_hangs_costs_only_its_share_of_the_time(tmp_path: Path) -> None:
    (row,) = of_section("whisper", "cpu", tmp_path, limit_s=1)
    assert row == {"what": "whisper", "failed": "not done after 1 s"}


def test_sessions_are_held_that_were_all_let_in_and_answered_in_time() -> None:
    def level(sessions: int, refused: int, p95: float) -> dict[str, Any]:
        latency = {"first audio": {"p95": p95}}
        return {"sessions": sessions, "refused": refused, "latency_ms": latency}

    assert (
        held({"levels": [level(4, 0, 900), level(8, 0, 1_400), level(16, 0, 1_600), level(32, 9, 1_000)]})
        == 8
    )
    assert held({"levels": [level(4, 0, 2_000)]}) == 0
