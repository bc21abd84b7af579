"""What runs isolated sees no network but its own, and ends with the command that started it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from load_tests.cluster import isolation
from sokuji.errors import ConfigError

COMMAND = "import sys; from load_tests.cluster.isolation import run_isolated; "


def permitted() -> bool:
    """Whether this machine lets this user make namespaces."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    tried = subprocess.run(["unshare", *user, "--net", "--pid", "--fork", "true"], check=False)
    return tried.returncode == 0


needs_namespaces = pytest.mark.skipif(
    shutil.which("setpriv") is None or shutil.which("ip") is None or not permitted(),
    reason="this machine has no namespaces for this user",
)


@needs_namespaces
def test_it_sees_no_other_network_and_no_other_process_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "looking.py").write_text(
        "import os, socket, sys\n"
        "names = [name for _, name in socket.if_nameindex()]\n"
        "is_own = os.environ['RAY_AUTH_TOKEN'] != 'mine'\n"
        f"open({str(seen)!r}, 'w').write(f'{{names}} {{os.getpid()}} {{is_own}}')\n"
        "sys.exit(3)\n"
    )
    path = os.pathsep.join((str(tmp_path), os.getcwd()))
    environment = {**os.environ, "PYTHONPATH": path, "RAY_AUTH_TOKEN": "mine"}
    command = [sys.executable, "-c", f"{COMMAND}sys.exit(run_isolated('looking', []))"]
    assert subprocess.run(command, env=environment, check=False, timeout=60).returncode == 3
    assert seen.read_text() == "['lo'] 1 True"


@needs_namespaces
def test_it_ends_with_the_command_whatever_ends_that(tmp_path: Path) -> None:
    (tmp_path / "staying.py").write_text(
        f"import pathlib, time\npathlib.Path({str(tmp_path / 'up')!r}).touch()\ntime.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), os.getcwd()))}
    command = [sys.executable, "-c", f"{COMMAND}sys.exit(run_isolated('staying', []))"]
    with subprocess.Popen(command, env=environment) as child:
        deadline = time.monotonic() + 30
        while not (tmp_path / "up").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert staying()
        child.send_signal(signal.SIGKILL)
    while staying() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not staying()


def staying() -> list[str]:
    """The processes of the test above."""
    lines = [path.read_bytes().decode() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [line for line in lines if line.endswith("-m\0staying\0")]


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="apt install"):
        isolation.run_isolated("any", [])
