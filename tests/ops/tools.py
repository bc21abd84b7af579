"""Programs that check files of ``ops/``: from the packages of the development environment, or from Debian."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def program(name: str) -> str:
    """The path of a program, which ``.ci/run`` or the lock file installs; the test is skipped without it."""
    places = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/usr/local/bin"
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, **environment: str) -> str:
    """The output of a program that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment or None)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
