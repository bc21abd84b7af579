"""A node of a Ray cluster on a host of its own: started as its container would be, and killed as one dies."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from launcher.environment import serve_variables
from load_tests.cluster.network import Host

GCS_PORT, DASHBOARD_PORT = 6379, 8265
_AGENT_PORTS = (
    "--metrics-export-port=9100",
    "--dashboard-agent-grpc-port=9101",
    "--dashboard-agent-listen-port=9102",
    "--runtime-env-agent-port=9103",
)
"""A raylet that knows them need not wait until the agents have chosen some."""
_OBJECT_STORE_BYTES = 80_000_000
"""The least that Ray accepts, about; the service passes no speech through it."""


@dataclass(frozen=True, slots=True)
class NodeSize:
    """What a node declares to Ray. The processors are virtual: Ray counts them and binds nothing to them."""

    cpus: int
    resources: Mapping[str, float] = field(default_factory=dict)


class Node:
    """One node.

    Args:
        host: where it runs.
        size: what it declares.
        head: address of the head; None: it is the head.
        redis: ``host:port`` for the head; None: its GCS forgets everything when it ends.
    """

    def __init__(self, host: Host, size: NodeSize, head: str | None, redis: str | None = None) -> None:
        self.host = host
        self._size = size
        self._head = head
        self._redis = redis
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start ``ray start --block``, which ends when one of the node's processes does."""
        role = (
            ("--head", f"--port={GCS_PORT}", "--dashboard-host=0.0.0.0")
            if self._head is None
            else (f"--address={self._head}:{GCS_PORT}",)
        )
        command = self.host.command(
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *role),
            f"--node-ip-address={self.host.address}",
            f"--num-cpus={self._size.cpus}",
            f"--resources={json.dumps(dict(self._size.resources))}",
            f"--object-store-memory={_OBJECT_STORE_BYTES}",
            "--include-log-monitor=false",
            *_AGENT_PORTS,
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment())

    def environment(self) -> dict[str, str]:
        """Of its processes."""
        redis = {"RAY_REDIS_ADDRESS": self._redis} if self._redis else {}
        return {
            **os.environ,
            **serve_variables(),
            "RAY_AUTH_MODE": "token",
            "RAY_USAGE_STATS_ENABLED": "0",
            # Processes that nobody has asked for take minutes where there are few cores.
            "RAY_prestart_worker_first_driver": "0",
            # By default Ray's workers give way to all other load of the machine, which would starve them.
            "RAY_worker_niceness": "0",
            # Nobody else is in this network.
            "SOKUJI_KEYLESS": "1",
            "FORWARDED_ALLOW_IPS": "*",
            **redis,
        }

    @property
    def last_lines(self) -> str:
        """Of its log."""
        return self._log.read_text(errors="replace")[-2_000:] if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.host.files / "node.log"

    @property
    def is_running(self) -> bool:
        """Whether ``ray start`` runs."""
        return self._process is not None and self._process.poll() is None

    def start_again_if_it_failed(self) -> None:
        """Start it anew if ``ray start`` has failed, as it does on a busy machine: it waits for 30 s."""
        if self._process is not None and self._process.poll() not in (None, -signal.SIGKILL):
            self.kill()
            self.start()

    def kill(self) -> None:
        """Kill all its processes at once, as when a machine loses its power."""
        for pid in self.host.processes():
            _kill(pid)
        if self._process is not None:
            self._process.wait()

    def kill_process(self, title: str) -> int:
        """Kill the processes whose command line has ``title`` (a regular expression); how many there were."""
        found = [pid for pid, line in self.host.processes().items() if re.search(title, line)]
        for pid in found:
            _kill(pid)
        return len(found)

    async def until_ended(self) -> None:
        """Return when ``ray start`` has ended by itself, and kill what it has left."""
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)
        self.kill()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
