"""The launcher on a real Serve instance: ready line, used port, orderly end, an app that fails."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from launcher.processes import process_name
from launcher.serve_config import LaunchError, read_config

APP = """
import asyncio

from fastapi import FastAPI, WebSocket
from ray import serve


@serve.deployment
class Healthy:
    def __call__(self, request) -> dict[str, str]:
        return {"status": "healthy"}


@serve.deployment
class Broken:
    def __init__(self) -> None:
        raise RuntimeError("the model is not there")


api = FastAPI()


@serve.deployment
@serve.ingress(api)
class Gateway:
    def __init__(self) -> None:
        self.draining, self.drained = asyncio.Event(), asyncio.Event()

    async def reconfigure(self, user_config: dict[str, bool]) -> None:
        if user_config["draining"]:
            self.draining.set()
            await self.drained.wait()

    @api.get("/health")
    def health(self) -> dict[str, str]:
        return {"status": "healthy"}

    @api.websocket("/")
    async def talk(self, socket: WebSocket) -> None:
        await socket.accept()
        await self.draining.wait()
        await socket.send_text("draining")
        await asyncio.sleep(1)
        await socket.send_text("the last word")
        await socket.close(1012)
        self.drained.set()


healthy, broken, talking = Healthy.bind(), Broken.bind(), Gateway.bind()
"""

# Starts of Ray on a busy machine.
pytestmark = pytest.mark.timeout(300)

Launcher = subprocess.Popen[str]
Start = Callable[..., Launcher]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    """Starts the launcher on an app of ``APP``; whatever still runs at the end is ended."""
    (tmp_path / "launch_test_app.py").write_text(APP)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    running: list[Launcher] = []

    def start(app: str, *arguments: str) -> Launcher:
        config = tmp_path / f"{app}.yaml"
        config.write_text(
            yaml.safe_dump({"applications": [{"name": app, "import_path": f"launch_test_app:{app}"}]})
        )
        address = ("--config", str(config), "--host", "127.0.0.1", "--port", str(port))
        command = (sys.executable, "-m", "launcher.launch", *address, *arguments)
        pipe = subprocess.PIPE
        running.append(
            subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment)
        )
        return running[-1]

    yield start
    for launcher in running:
        with launcher:
            launcher.terminate()


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def descendants(root: int) -> dict[int, str]:
    """Live descendants of a process: process id -> command line."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: command_line(pid) for pid in found - {root}}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_a_service_gets_ready_keeps_its_port_and_leaves_no_process_behind(start: Start, port: int) -> None:
    first = start("healthy")
    assert first.stdout is not None
    output = []
    for line in first.stdout:
        output.append(line)
        if "is ready" in line:
            break
    url = f"http://127.0.0.1:{port}"
    assert f"API {url}  docs {url}/docs  Ray dashboard http://127.0.0.1:" in output[-1]
    metrics = re.search(r"Ray metrics on all interfaces, port (\d+)", output[-1])
    assert metrics
    assert "ray_" in httpx.get(f"http://127.0.0.1:{metrics[1]}/metrics", trust_env=False, timeout=60).text

    second = start("healthy")
    refused = second.communicate()[0]
    assert second.returncode == 2
    assert f"port {port} is in use; serve on another one: make run PORT={port + 1}" in refused

    command = start("healthy", "--", sys.executable, "-c", "print('ran against it')")
    assert (command.communicate()[0], command.returncode) == ("ran against it\n", 0)

    processes = descendants(first.pid)
    assert any("raylet" in name for name in processes.values())
    first.send_signal(signal.SIGINT)
    rest = first.communicate()[0]
    assert first.returncode == 0, rest
    assert [name for pid, name in processes.items() if is_alive(pid)] == []


@pytest.mark.long
def test_conversations_may_end_before_the_service_does(start: Start, port: int) -> None:
    launcher = start("talking")
    assert launcher.stdout is not None
    assert any("is ready" in line for line in launcher.stdout)
    with connect(f"ws://127.0.0.1:{port}/", proxy=None) as client:
        launcher.send_signal(signal.SIGINT)
        assert [client.recv(), client.recv()] == ["draining", "the last word"]
        with pytest.raises(ConnectionClosed) as closed:
            client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    output = launcher.communicate()[0]
    assert launcher.returncode == 0, output


@pytest.mark.long
def test_a_service_whose_ray_is_gone_ends_with_a_code_for_its_supervisor(start: Start) -> None:
    launcher = start("healthy")
    assert launcher.stdout is not None
    assert any("is ready" in line for line in launcher.stdout)
    processes = descendants(launcher.pid)
    (gcs,) = [pid for pid, name in processes.items() if process_name(pid) == "gcs_server"]
    os.kill(gcs, signal.SIGKILL)
    output = launcher.communicate()[0]
    assert launcher.returncode == 3, output
    said = output[output.index("error: ") :]
    assert re.search(r"Ray's gcs_server .*has ended; start the service again", said)
    assert [name for pid, name in processes.items() if is_alive(pid)] == []
    shutil.rmtree(Path(said.rpartition("Ray's logs are kept in ")[2].strip()).parents[2])


def test_an_app_that_cannot_be_deployed_ends_the_launch_with_its_reason(start: Start) -> None:
    launcher = start("broken")
    output = launcher.communicate()[0]
    assert launcher.returncode == 1
    said = output[output.index("error: ") :]
    assert "application 'broken' cannot be deployed" in said
    assert "the model is not there" in said
    logs = Path(said.rpartition("Ray's logs are kept in ")[2].strip())
    assert logs.is_dir()
    ray_dir = str(logs.parents[2])
    assert [pid for pid in os.listdir("/proc") if pid.isdecimal() and ray_dir in command_line(int(pid))] == []
    shutil.rmtree(ray_dir)


def test_host_and_port_of_the_config_hold_unless_others_are_given(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("{http_options: {host: '::', port: 9000, root_path: /x}, applications: []}")
    assert read_config(path, None, None).url == "http://[::1]:9000"
    changed = read_config(path, "127.0.0.1", 9001)
    assert changed.url == "http://127.0.0.1:9001"
    assert changed.content["http_options"] == {"host": "127.0.0.1", "port": 9001, "root_path": "/x"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot read"), ("a: [", "not YAML"), ("- a", "names no applications")],
)
def test_what_is_no_serve_config_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LaunchError, match=message) as raised:
        read_config(path, None, None)
    assert raised.value.exit_code == 2
