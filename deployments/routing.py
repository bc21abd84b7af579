"""How calls are distributed over the replicas of a stage: Ray Serve's request routers, by name.

Serve asks the replicas of the first rank that a router returns for their number of ongoing calls, and takes
the replica with the fewest of those that accept more; if none does, it goes on to the next rank.
"""

import random
from typing import Literal

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter
from ray.serve.config import RequestRouterConfig
from ray.serve.request_router import PendingRequest, RunningReplica

Strategy = Literal["power_of_two", "round_robin", "least_loaded"]


class LeastLoadedRouter(PowerOfTwoChoicesRequestRouter):
    """Asks all replicas instead of two: finds the least loaded one, for one message per replica and call."""

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """All candidates in one rank, shuffled so that equally loaded replicas are taken equally often."""
        return [random.sample(candidate_replicas, len(candidate_replicas))] if candidate_replicas else []


_ROUTERS: dict[Strategy, str] = {
    "power_of_two": "ray.serve._private.request_router:PowerOfTwoChoicesRequestRouter",
    "round_robin": "ray.serve.experimental.round_robin_router:RoundRobinRouter",
    "least_loaded": "deployments.routing:LeastLoadedRouter",
}


def router(strategy: Strategy) -> RequestRouterConfig:
    """The ``request_router_config`` of a deployment.

    ``power_of_two``: the less loaded of two replicas picked at random; Serve's default. ``round_robin``: one
    after the other. ``least_loaded``: the least loaded of all.
    """
    return RequestRouterConfig.model_validate({"request_router_class": _ROUTERS[strategy]})
