"""The cluster of the scaling tests: a head with Redis, two nodes for gateways and two for stages."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from launcher import dashboard
from launcher.dashboard import RunningReplica
from load_tests.cluster.network import OWN_ADDRESS, Host, create_network
from load_tests.cluster.node import DASHBOARD_PORT, GCS_PORT, Node, NodeSize
from load_tests.cluster.polling import until
from load_tests.progress import progress
from sokuji.errors import ConfigError

SERVICE_PORT = 8000
REDIS_PORT = 6380
SIZES: Mapping[str, NodeSize] = {
    "head": NodeSize(0),
    "gateway-1": NodeSize(8, {"gateway": 1, "beside_gateway": 1}),
    "gateway-2": NodeSize(8, {"gateway": 1, "beside_gateway": 1}),
    "stages-1": NodeSize(8, {"stage": 100}),
    "stages-2": NodeSize(8, {"stage": 100}),
}
"""Node -> what it declares. The resources are what replicas ask for in the Serve config."""
GATEWAYS = ("gateway-1", "gateway-2")
NODES_S = 600.0
DEPLOYED_S = 150.0
_ANSWERED = ": answered in "
"""In a line that a replica of a stage logs for each call."""


class Cluster:
    """Running nodes; see ``cluster``."""

    def __init__(self, folder: Path, sizes: Mapping[str, NodeSize]) -> None:
        create_network()
        self.folder = folder
        hosts = {}
        for number, name in enumerate(sizes, 11):
            (folder / name).mkdir()
            hosts[name] = Host(name, number, folder / name)
        head = hosts["head"].address
        self.nodes = {
            name: Node(hosts[name], size, None if name == "head" else head, f"{OWN_ADDRESS}:{REDIS_PORT}")
            for name, size in sizes.items()
        }
        self.drained: set[str] = set()
        """Names of the nodes that ``drain`` has been called for; they have to be ended."""
        self._redis: subprocess.Popen[bytes] | None = None

    @property
    def dashboard(self) -> str:
        """Base URL of Ray's dashboard."""
        return f"http://{self.nodes['head'].host.address}:{DASHBOARD_PORT}"

    def url(self, node: str) -> str:
        """Base URL of the service at the proxy of a node."""
        return f"http://{self.nodes[node].host.address}:{SERVICE_PORT}"

    async def start(self) -> None:
        """Start Redis and all nodes."""
        redis = shutil.which("redis-server")
        if redis is None:
            raise ConfigError("a head that can be lost needs redis-server: apt install redis-server")
        self._redis = self._start_redis(redis)
        await self.start_head()
        # One after the other: a machine with few cores has enough to do with each.
        for count, (name, node) in enumerate(self.nodes.items(), 1):
            if name != "head":
                node.start()
                await self.until_alive(count)

    def _start_redis(self, program: str) -> subprocess.Popen[bytes]:
        address = ("--bind", OWN_ADDRESS, "--port", str(REDIS_PORT), "--protected-mode", "no")
        command = (program, *address, "--save", "")
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)

    async def start_head(self) -> None:
        """Start the head, or start it again."""
        self.nodes["head"].start()
        await self.until_alive(1)

    async def until_alive(self, count: int) -> None:
        """Return when Ray knows so many living nodes."""
        await self._until(lambda alive: len(alive) >= count, f"{count} nodes are alive")

    async def until_dead(self, name: str) -> None:
        """Return when Ray takes a node for dead."""
        address = self.nodes[name].host.address
        await self._until(lambda alive: address not in alive, f"{name} is dead")

    async def _until(self, condition: Callable[[Mapping[str, str]], bool], what: str) -> None:
        async def holds() -> bool:
            for node in self.nodes.values():
                node.start_again_if_it_failed()
            return condition(await self.alive())

        if not await until(holds, NODES_S):
            logs = [f"{name}:\n{node.last_lines}" for name, node in self.nodes.items()]
            raise ConfigError("\n".join([f"waited in vain until {what}", *logs]))

    async def alive(self) -> dict[str, str]:
        """Address -> id of the nodes that are alive."""
        async with dashboard.connect(self.dashboard) as client:
            response = (await client.get("/api/v0/nodes")).raise_for_status().json()
        # Empty while the head starts.
        nodes = ((response.get("data") or {}).get("result") or {}).get("result") or []
        return {each["node_ip"]: each["node_id"] for each in nodes if each["state"] == "ALIVE"}

    async def drain(self, name: str, within_s: int) -> None:
        """Have Ray drain a node, as before the end of its machine ``within_s`` seconds later."""
        node = self.nodes[name]
        node_id = (await self.alive())[node.host.address]
        command = self.nodes["head"].host.command(
            *(sys.executable, "-m", "ray.scripts.scripts", "drain-node"),
            f"--address={self.nodes['head'].host.address}:{GCS_PORT}",
            f"--node-id={node_id}",
            "--reason=DRAIN_NODE_REASON_PREEMPTION",
            "--reason-message=load test",
            f"--deadline-remaining-seconds={within_s}",
        )
        process = await asyncio.create_subprocess_exec(*command, env=node.environment())
        if await process.wait():
            raise ConfigError(f"Ray does not drain {name}")
        self.drained.add(name)

    async def deploy(self, config: Mapping[str, Any]) -> None:
        """Deploy a Serve config; returns when every gateway can translate, through the proxy of its node.

        Raises:
            ConfigError: they have not within ``DEPLOYED_S``.
        """
        async with dashboard.connect(self.dashboard) as client:
            (await client.put(dashboard.APPLICATIONS, json=dict(config), timeout=60)).raise_for_status()
        if not await until(self._is_deployed, DEPLOYED_S) or not await until(self._is_ready, DEPLOYED_S):
            raise ConfigError(f"not deployed within {DEPLOYED_S:g} s: {await self.counts()}")

    async def _is_deployed(self) -> bool:
        async with dashboard.connect(self.dashboard) as client:
            applications = (await dashboard.details(client))["applications"].values()
        if failed := [each for each in applications if each["status"] == "DEPLOY_FAILED"]:
            raise ConfigError("\n".join(each["message"] for each in failed))
        return all(each["status"] == "RUNNING" for each in applications)

    async def _is_ready(self) -> bool:
        gateways = {each.node for each in await self.replicas() if each.deployment == dashboard.GATEWAY}
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            for address in gateways:
                (await client.get(f"http://{address}:{SERVICE_PORT}/health/ready")).raise_for_status()
        return bool(gateways)

    async def replicas(self) -> list[RunningReplica]:
        """Those that serve. Raises ``httpx.HTTPError`` while the head is away."""
        async with dashboard.connect(self.dashboard) as client:
            return await dashboard.replicas(client)

    async def counts(self) -> Counter[str]:
        """Deployment -> replicas that serve. Raises as ``replicas`` does."""
        return Counter(each.deployment for each in await self.replicas())

    def node_of(self, replica: RunningReplica) -> str:
        """The name of a replica's node."""
        return next(name for name, node in self.nodes.items() if node.host.address == replica.node)

    def calls(self, deployment: str) -> Counter[str]:
        """Replica -> the calls that it has answered, as its log says, which has to be at level DEBUG.

        Those by which gateways ask for its state are none.
        """
        counted: Counter[str] = Counter()
        for node in self.nodes.values():
            for log in node.host.files.glob(f"ray/session_2*/logs/serve/replica_*_{deployment}_*.log"):
                counted[log.stem.rpartition("_")[2]] += log.read_text(errors="replace").count(_ANSWERED)
        return counted

    def stop(self) -> None:
        """Kill everything."""
        for node in self.nodes.values():
            node.kill()
        if self._redis is not None:
            self._redis.kill()
            self._redis.wait()


@asynccontextmanager
async def cluster(sizes: Mapping[str, NodeSize] = SIZES) -> AsyncIterator[Cluster]:
    """A cluster with these nodes, ``head`` among them; it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    started = Cluster(folder, sizes)
    try:
        progress("starting the nodes " + ", ".join(sizes))
        await started.start()
        yield started
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)
