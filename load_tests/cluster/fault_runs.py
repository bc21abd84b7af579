"""Scenarios of faults: something is killed, drained or badly updated while somebody is in mid-sentence."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx

from launcher import dashboard
from load_tests.cluster.cluster import Cluster
from load_tests.cluster.polling import POLL_S
from load_tests.cluster.serve_configs import Changes, replicas, serve_config
from load_tests.cluster.talks import Calm, scenario, talk
from load_tests.measurements.heard_words import UsersReport, users_report
from load_tests.progress import progress

STT = "SpeechToText"
TWO_OF_EACH: Changes = {"Gateway": replicas(2), STT: {**replicas(2), "max_replicas_per_node": 1}}
NO_MODEL: Changes = {
    **TWO_OF_EACH,
    STT: {
        **TWO_OF_EACH[STT],
        "max_surge_percent": 100,
        "max_replicas_per_node": 2,
        "ray_actor_options": {"runtime_env": {"env_vars": {"MODEL_SIZE": "/no-model"}}},
    },
}
SESSIONS, SPEECH_S = 2, 40.0
DRAIN_S = 60


@dataclass(frozen=True, slots=True)
class FaultRun:
    """What users noticed of one fault."""

    fault: str
    users: UsersReport
    repaired_s: float | None
    """Until all deployments had their replicas again; None: they had them all the time, or were not seen."""


Fault = Callable[[Cluster], Coroutine[None, None, None]]


async def _nothing(cluster: Cluster) -> None:
    """For comparison."""


async def _kill_stages_node(cluster: Cluster) -> None:
    cluster.nodes["stages-1"].kill()


async def _kill_gateway_node(cluster: Cluster) -> None:
    cluster.nodes["gateway-1"].kill()


async def _drain_stages_node(cluster: Cluster) -> None:
    await cluster.drain("stages-1", DRAIN_S)


async def _drain_gateway_node(cluster: Cluster) -> None:
    await cluster.drain("gateway-1", DRAIN_S)


async def _kill_controller(cluster: Cluster) -> None:
    _require(cluster.nodes["head"].kill_process(r"^ray::ServeController"))


async def _kill_proxy(cluster: Cluster) -> None:
    _require(cluster.nodes["gateway-1"].kill_process(r"^ray::ProxyActor"))


async def _kill_recogniser(cluster: Cluster) -> None:
    killed = [node.kill_process(r"^ray::ServeReplica:\w+:SpeechToText\b") for node in cluster.nodes.values()]
    _require(sum(killed))


async def _restart_gcs(cluster: Cluster) -> None:
    head = cluster.nodes["head"]
    _require(head.kill_process(r"/gcs_server "))
    # As a container that ends with its first process and is started again.
    await head.until_ended()
    await cluster.start_head()


async def _update_in_vain(cluster: Cluster) -> None:
    async with dashboard.connect(cluster.dashboard) as client:
        config = serve_config(NO_MODEL)
        (await client.put(dashboard.APPLICATIONS, json=config, timeout=60)).raise_for_status()


FAULTS: Mapping[str, Fault] = {
    "nothing": _nothing,
    "stages-node-killed": _kill_stages_node,
    "gateway-node-killed": _kill_gateway_node,
    "stages-node-drained": _drain_stages_node,
    "gateway-node-drained": _drain_gateway_node,
    "controller-killed": _kill_controller,
    "proxy-killed": _kill_proxy,
    "recognisers-killed": _kill_recogniser,
    "gcs-restarted": _restart_gcs,
    "failed-update": _update_in_vain,
}


def _require(killed: int) -> None:
    if not killed:
        raise RuntimeError("there was no process to kill")


async def fault_runs(cluster: Cluster, url: str, calm: Calm, names: Sequence[str]) -> AsyncIterator[FaultRun]:
    """Two sessions through nginx and both gateways for each fault; then everything is as before."""
    await cluster.deploy(serve_config(TWO_OF_EACH))
    for name in names:
        progress(f"fault: {name}")
        yield await _fault_run(cluster, url, calm, name)
        await _repair(cluster)


async def _fault_run(cluster: Cluster, url: str, calm: Calm, name: str) -> FaultRun:
    before = await cluster.counts()
    acting: list[asyncio.Task[None]] = []
    repairing: list[asyncio.Task[float]] = []

    async def begin() -> None:
        acting.append(asyncio.create_task(FAULTS[name](cluster)))
        repairing.append(asyncio.create_task(_until_repaired(cluster, before)))

    sessions, _ = await talk(url, scenario(SESSIONS, SPEECH_S, stagger_s=1.0), begin)
    await asyncio.gather(*acting)
    (repair,) = repairing
    repair.cancel()
    await asyncio.wait(repairing)
    return FaultRun(name, users_report(sessions, calm.texts), None if repair.cancelled() else repair.result())


async def _until_repaired(cluster: Cluster, before: Mapping[str, int]) -> float:
    """Seconds until all deployments have as many replicas as before, after some had fewer."""
    began = time.monotonic()
    was_less = is_less = False
    while is_less or not was_less:
        await asyncio.sleep(POLL_S)
        with suppress(httpx.HTTPError):
            now = await cluster.counts()
            is_less = any(now[each] < before[each] for each in before)
            was_less |= is_less
    return round(time.monotonic() - began, 1)


async def _repair(cluster: Cluster) -> None:
    """Start the nodes that are gone, end those that Ray has drained, and have all replicas serve."""
    await cluster.until_alive(1)
    alive = await cluster.alive()
    drained = cluster.drained
    for name, node in cluster.nodes.items():
        if name in drained or not node.is_running or node.host.address not in alive:
            node.kill()
            if name == "head":
                await cluster.start_head()
            else:
                await cluster.until_dead(name)
                node.start()
    drained.clear()
    await cluster.until_alive(len(cluster.nodes))
    await cluster.deploy(serve_config(TWO_OF_EACH))
