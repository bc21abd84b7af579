"""One real service for all tests of this folder: `serve run serve_config.yaml`, all stages, on a free port.

Load is no reason for it to refuse a session: how much of the machine the tests leave it is chance. What
admission does on a real service is shown in ``test_admission.py``.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from launcher.processes import session_members
from tests.support.otlp_receiver import Receiver, otlp_receiver

ROOT = Path(__file__).parents[2]
READY_S = 240
STOP_S = 60


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class RunningService:
    """The service that all tests of this folder share."""

    launcher_pid: int
    address: str
    dashboard: str
    ray_metrics_port: int
    logs: Path
    """The folder of the log files, which are in JSON."""
    traces: Receiver
    """Has the spans of all requests."""
    grpc_address: str

    def replica_pids(self, deployment: str) -> list[int]:
        """The processes of a deployment's replicas, of this service alone."""
        return self._actor_pids(f"ServeReplica:sokuji:{deployment}")

    def pids_of(self, name: str) -> list[int]:
        """The processes of a deployment's replicas, or of an actor's class."""
        return self.replica_pids(name) or self._actor_pids(name)

    @property
    def proxy_pid(self) -> int:
        """The process of Serve's proxy."""
        (pid,) = self._actor_pids("ProxyActor")
        return pid

    def _actor_pids(self, name: str) -> list[int]:
        children = Path(f"/proc/{self.launcher_pid}/task/{self.launcher_pid}/children").read_text().split()
        members = [pid for child in children for pid in session_members(int(child))]
        # Ray writes the actor's class and method into the title: an exact name ends before a dot or the end.
        title = name.encode() + rb"(?!\w)"
        return [pid for pid in members if re.search(title, Path(f"/proc/{pid}/cmdline").read_bytes())]


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service with its real models, started once and stopped after the last test."""
    with running_service(usual_config(), tmp_path_factory.mktemp("service")) as started:
        yield started


def usual_config() -> dict[str, Any]:
    """The Serve config of this repository, without admission by load."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    gateway_settings(config)["admission"] = {"enabled": False}
    gateway_settings(config)["grpc"] = {"address": f"127.0.0.1:{free_port()}"}
    config["applications"][0]["args"]["speakers"] = ["campplus"]
    return config


@contextmanager
def running_service(config: dict[str, Any], folder: Path) -> Iterator[RunningService]:
    """A service with this Serve config; files go to ``folder``."""
    port = free_port()
    log, logs = folder / "log", folder / "logs"
    config["logging_config"] |= {"encoding": "JSON", "logs_dir": str(logs)}
    path = log.with_name("serve_config.yaml")
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    options = ("--config", str(path), "--port", str(port), "--timeout", str(READY_S))
    command = [sys.executable, "-m", "launcher.launch", *options]
    # A developer's own service on this machine must not be joined.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with (
        otlp_receiver() as traces,
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env=environment | traced_to(traces)
        ) as child,
    ):
        try:
            wait_until_ready(child, log)
            (dashboard,) = re.findall(r"Ray dashboard (\S+)", log.read_text())
            (ray_metrics_port,) = re.findall(r"Ray metrics on all interfaces, port\s+(\d+)", log.read_text())
            address = f"127.0.0.1:{port}"
            (grpc_address,) = re.findall(r"/docs\s+gRPC\s+(\S+)", log.read_text())
            yield RunningService(
                child.pid, address, dashboard, int(ray_metrics_port), logs, traces, grpc_address
            )
        finally:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                raise


def traced_to(receiver: Receiver) -> dict[str, str]:
    """The variables with which a service sends its traces there, soon."""
    return {
        "RAY_SERVE_TRACING_EXPORTER_IMPORT_PATH": "deployments.traces:otlp",
        "RAY_SERVE_TRACING_SAMPLING_RATIO": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "NO_PROXY": "127.0.0.1",
    }


def gateway_settings(config: dict[str, Any]) -> dict[str, Any]:
    """The ``user_config`` of the Gateway in a Serve config, to be changed."""
    settings: dict[str, Any] = gateway_deployment(config)["user_config"]
    return settings


def gateway_deployment(config: dict[str, Any]) -> dict[str, Any]:
    """The Gateway in a Serve config, to be changed."""
    (application,) = config["applications"]
    (gateway,) = [each for each in application["deployments"] if each["name"] == "Gateway"]
    deployment: dict[str, Any] = gateway
    return deployment


def wait_until_ready(child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the ready line of the launcher; fail with the log if the service does not start."""
    give_up = time.monotonic() + READY_S
    while "is ready" not in log.read_text():
        assert child.poll() is None, f"the service did not start:\n{log.read_text()[-4_000:]}"
        assert time.monotonic() < give_up, f"the service is not ready:\n{log.read_text()[-4_000:]}"
        time.sleep(0.5)


@pytest.fixture(scope="package")
def address(service: RunningService) -> str:
    """host:port of the service."""
    return service.address


@pytest_asyncio.fixture(loop_scope="session", scope="package")
async def http(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the REST API."""
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=120) as client:
        yield client


@pytest.fixture(scope="package")
def socket_url(address: str) -> str:
    """The URL of the WebSocket API."""
    return f"ws://{address}/api/v1/ws/translate"
