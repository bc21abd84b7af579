"""The unit for systemd starts what is there, and treats the launcher's exit codes as documented."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from launcher.launch import BROKEN

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "ops" / "systemd" / "sokuji-bridge.service"


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser


def test_the_unit_starts_the_launcher_on_a_config_that_exists(unit: configparser.ConfigParser) -> None:
    command = unit["Service"]["ExecStart"].split()
    assert command[1:3] == ["-m", "launcher.launch"]
    assert (ROOT / command[-1]).is_file()
    assert command[0].startswith(unit["Service"]["WorkingDirectory"])


def test_the_unit_starts_a_broken_service_again_and_a_wrong_config_not(
    unit: configparser.ConfigParser,
) -> None:
    assert unit["Service"]["Restart"] == "on-failure"
    prevented = unit["Service"]["RestartPreventExitStatus"].split()
    assert prevented == ["2"]
    assert str(BROKEN) not in prevented
    documented = (ROOT / "docs" / "operations.md").read_text()
    assert f"| {BROKEN} | the service was ready, and ended or broke |" in documented


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    # Its programs need not be where the unit expects them.
    text = UNIT.read_text().replace("/opt/sokuji-bridge/.venv/bin/python", "/bin/true")
    (tmp_path / UNIT.name).write_text(text.replace("/opt/sokuji-bridge", "/"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / UNIT.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
