"""A stage without a model on a Ray Serve of its own: ``python -m tests.service.small_stage DIRECTORY``.

Prints what it has observed as one JSON object. The options of its deployments are those that the graph gives
to a stage.
"""

import asyncio
import json
import logging
import statistics
import sys
import time
from itertools import pairwise
from typing import Any, cast

import ray
from prometheus_client.core import CounterMetricFamily
from ray import serve
from ray.serve._private.build_app import build_app
from ray.serve._private.common import ReplicaState
from ray.serve.context import _get_global_client
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ServeDeploySchema

from deployments import logs, memory_bound, runtime_env
from deployments.autoscaling import demand_report
from deployments.cluster_metrics import ClusterMetrics, replica_labels
from deployments.translation import Translation
from graphs.speech_translation import GraphArgs, app
from sokuji.admission.demand import ProviderDemand
from sokuji.metrics.exposition import exposition

REPLICAS = 3
HELD = 30
CALLS = 60
CACHED_S = 1.0
"""How long the router trusts what it knows of a replica's load; Ray reads it when it is imported."""
ENVIRONMENT = {
    "RAY_SERVE_QUEUE_LENGTH_CACHE_TIMEOUT_S": str(CACHED_S),
    "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "0.5",
}
"""Variables with which this program must be started."""
STRATEGIES = ("power_of_two", "round_robin", "least_loaded")
INTERVALS = (0.5, 1.5)
CHECKS = 4
MEMORY = 600_000_000
"""Bytes; several times what a replica without a model takes."""


class SmallStage:
    """Says which replica answers; a call can be held."""

    def __init__(self) -> None:
        logs.write_to_serve_log()
        self._released = asyncio.Event()
        self._checks: list[float] = []
        self._well = True
        # Ten seconds would be waited for in vain.
        memory_bound.CONFIRMED_S = 1.0
        self._memory = memory_bound.of_replica()
        self._grown = b""

    async def where(self) -> str:
        """The replica."""
        return serve.get_replica_context().replica_id.unique_id

    async def hold(self) -> str:
        """The replica, once it has been released."""
        await self._released.wait()
        return await self.where()

    async def release(self) -> str:
        """End all held calls of this replica; returns it."""
        self._released.set()
        return await self.where()

    async def check_health(self) -> None:
        """Note the time; fail after ``fall_ill``, and as a real stage does after ``grow``."""
        self._checks.append(time.monotonic())
        if excess := self._memory.excess:
            raise RuntimeError(excess)
        if not self._well:
            raise RuntimeError("ill")

    async def checks(self) -> list[float]:
        """When health was checked."""
        return self._checks

    async def fall_ill(self) -> str:
        """Fail every health check from now on; returns the replica."""
        self._well = False
        return await self.where()

    async def grow(self, size: int) -> str:
        """Take so many bytes more; returns the replica."""
        self._grown = b"x" * size
        return await self.where()

    async def environment(self) -> dict[str, Any]:
        """Levels of the loggers, and the variables of the Serve config."""
        levels = {name: logging.getLogger(name).getEffectiveLevel() for name in ("sokuji", "ray.serve")}
        return {"levels": levels, "variables": sorted(runtime_env.variables())}


class Measuring:
    """Counts its calls in the metrics that all of its replicas share."""

    def __init__(self) -> None:
        self._metrics = ClusterMetrics(replica_labels() or {})
        self._calls = 0

    async def call(self) -> tuple[str, int, str]:
        """The replica, its calls so far, and its page of metrics."""
        self._calls += 1
        family = CounterMetricFamily("calls", "Calls.", labels=tuple(self._metrics.labels))
        family.add_metric([*self._metrics.labels.values()], self._calls)
        await asyncio.to_thread(self._metrics.publish, [family])
        page = exposition([family, *await self._metrics.others()]).decode()
        return self._metrics.labels["replica"], self._calls, page


class RefusingGateway:
    """Reports that the stage is full, and after ``refuse`` that a session was refused for that."""

    def __init__(self, stage: DeploymentHandle[Any]) -> None:
        self._stage = stage.deployment_name
        self._refused = 0.0

    async def refuse(self) -> None:
        """Have refused a session from now on."""
        self._refused = 0.1

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What the real gateway reports."""
        demand = ProviderDemand(
            stage="stt", provider="small", workers=1, replicas=1, gateways=1, limit=0.75, busy=0.75,
            reserved=0.0, newcomer=0.1, refused=self._refused, wait_s=0.0, max_wait_s=1.0,
        )  # fmt: skip
        return demand_report([(self._stage, demand)])


def refusing_app(_: dict[str, str]) -> serve.Application:
    """A gateway without a port and its stage, which may have two replicas."""
    stage: Any = serve.deployment(
        name="Stage",
        autoscaling_config={"min_replicas": 1, "max_replicas": 2, "upscale_delay_s": 0.5},
        ray_actor_options={"num_cpus": 0},
    )(SmallStage)
    gateway: Any = serve.deployment(
        name="RefusingGateway",
        autoscaling_config={"min_replicas": 1, "max_replicas": 1},
        ray_actor_options={"num_cpus": 0},
    )(RefusingGateway)
    return cast(serve.Application, gateway.bind(stage.bind()))


def scaling() -> list[int]:
    """Replicas of the stage while nothing is refused, and once something has been."""
    application = {
        "name": "scaled",
        "route_prefix": None,
        "import_path": "tests.service.small_stage:refusing_app",
        "autoscaling_policy": {"policy_function": "deployments.autoscaling:by_demand"},
    }
    config = ServeDeploySchema.model_validate({"applications": [application]})
    client = _get_global_client()
    assert client is not None
    client.deploy_apps(config, _blocking=True)
    time.sleep(2)
    before = _running("scaled", "Stage")
    serve.get_deployment_handle("RefusingGateway", "scaled").refuse.remote().result()
    deadline = time.monotonic() + 60
    while _running("scaled", "Stage") == before and time.monotonic() < deadline:
        time.sleep(0.2)
    after = _running("scaled", "Stage")
    serve.delete("scaled", _blocking=False)
    return [before, after]


def _running(application: str, deployment: str) -> int:
    states = serve.status().applications[application].deployments[deployment].replica_states
    return int(states.get(ReplicaState.RUNNING, 0))


def options(**args: Any) -> dict[str, Any]:
    """What the graph sets for a stage with these args."""
    deployments = build_app(app(GraphArgs.model_validate(args)), name="options").deployments
    (config,) = (each._deployment_config for each in deployments if each.name == "Translation")
    return {
        "request_router_config": config.request_router_config,
        "health_check_period_s": config.health_check_period_s,
    }


def deploy(name: str, **more: Any) -> DeploymentHandle[Any]:
    """The stage as an application of its own."""
    stage: Any = serve.deployment(**more)(SmallStage)
    return serve.run(stage.bind(), name=name, route_prefix=None)


def spread(strategy: str) -> list[int]:
    """How many calls each replica answers, one call at a time, while all but one are busy; sorted."""
    name = f"spread-{strategy}"
    stage = deploy(
        name, num_replicas=REPLICAS, max_ongoing_requests=100, **options(load_balance_strategy=strategy)
    )
    _until_all_are_known(stage)
    held = [stage.hold.remote() for _ in range(HELD)]
    idle = stage.release.remote().result()
    # Until then the router remembers how busy that replica was.
    time.sleep(2 * CACHED_S)
    answers = [stage.where.remote().result() for _ in range(CALLS)]
    del held
    serve.delete(name, _blocking=False)
    assert idle in answers
    return sorted((answers.count(replica) for replica in set(answers)), reverse=True)


def _until_all_are_known(stage: DeploymentHandle[Any]) -> None:
    """Call until every replica has answered: the router may learn of the last one late."""
    answered = set[str]()
    deadline = time.monotonic() + 60
    while len(answered) < REPLICAS and time.monotonic() < deadline:
        calls = [stage.where.remote() for _ in range(2 * REPLICAS)]
        answered.update(call.result() for call in calls)


def health(interval: float) -> dict[str, float]:
    """Seconds between two health checks, and how long a replica that is ill still answers."""
    name = f"health-{interval:g}".replace(".", "-")
    stage = deploy(name, num_replicas=1, **options(health_check_interval=interval))
    while len(times := stage.checks.remote().result()) < CHECKS:
        time.sleep(interval)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    ill = stage.fall_ill.remote().result()
    began = time.monotonic()
    while _replica(stage) in (ill, None):
        time.sleep(0.2)
    replaced = time.monotonic() - began
    serve.delete(name, _blocking=False)
    return {"gap_s": statistics.median(gaps), "replaced_s": replaced}


def growth() -> list[bool]:
    """Whether a replica is replaced that stays within its memory, and one that exceeds it."""
    stage = deploy(
        "growth",
        num_replicas=1,
        ray_actor_options={"num_cpus": 0, "memory": MEMORY},
        **options(health_check_interval=INTERVALS[0]),
    )
    replaced = []
    for size, patience_s in ((0, 4), (MEMORY, 60)):
        before = stage.grow.remote(size).result()
        deadline = time.monotonic() + patience_s
        while _replica(stage) in (before, None) and time.monotonic() < deadline:
            time.sleep(0.5)
        replaced.append(_replica(stage) != before)
    serve.delete("growth", _blocking=False)
    return replaced


def _replica(stage: DeploymentHandle[Any]) -> str | None:
    try:
        return str(stage.where.remote().result(timeout_s=5))
    except Exception:  # The old replica may go while it is asked.
        return None


def shared_metrics() -> dict[str, list[Any]]:
    """Replica -> its calls and its last page, of two replicas that have both been called."""
    stage: Any = serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0})(Measuring)
    handle = serve.run(stage.bind(), name="measuring", route_prefix=None)
    last: dict[str, list[Any]] = {}
    deadline = time.monotonic() + 60
    calls = 0
    # Thirty more when both are known: each replica has then seen the other's page.
    while calls < 30 and time.monotonic() < deadline:
        calls += len(last) == 2
        replica, *seen = handle.call.remote().result()
        last[replica] = seen
    serve.delete("measuring", _blocking=False)
    return last


def environment(variables: dict[str, str]) -> dict[str, Any]:
    """What a replica finds for which the Serve config sets these variables."""
    name = "environment-" + "-".join(variables.values())
    stage = deploy(name, ray_actor_options={"num_cpus": 0, "runtime_env": {"env_vars": variables}})
    found: dict[str, Any] = stage.environment.remote().result()
    serve.delete(name, _blocking=False)
    return found


def refusal(shared: frozenset[str]) -> str:
    """Why a translation stage does not start that has a recogniser's variable; empty if it does start."""
    deployment: Any = Translation
    stage = deployment.options(
        user_config={"provider": "bergamot"},
        ray_actor_options={"num_cpus": 0, "runtime_env": {"env_vars": {"MODEL_SIZE": "tiny"}}},
    ).bind("bergamot", shared_variables=shared)
    try:
        serve.run(stage, name="refused", route_prefix=None)
    except RuntimeError:
        return serve.status().applications["refused"].deployments["Translation"].message
    finally:
        serve.delete("refused")
    return ""


def main() -> None:
    """Observe everything on one Ray."""
    ray.init(
        address="local", num_cpus=16, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1]
    )
    serve.start(proxy_location="Disabled")
    observed = {
        "spread": {strategy: spread(strategy) for strategy in STRATEGIES},
        "health": {str(interval): health(interval) for interval in INTERVALS},
        "environment": {level: environment({"LOG_LEVEL": level}) for level in ("DEBUG", "WARNING")},
        "refused": [refusal(frozenset()), refusal(frozenset({"MODEL_SIZE"}))],
        "scaling": scaling(),
        "metrics": shared_metrics(),
        "growth": growth(),
    }
    serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()
    print(json.dumps(observed))


if __name__ == "__main__":
    main()
