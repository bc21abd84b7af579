"""How calls are spread over the replicas of a stage: what Ray Serve's request routers offer, by name.

Serve asks the replicas of the first rank that a router returns how many calls they have, and takes the one
with the fewest that has room; if none has, it goes on to the next rank.
"""

import random
from typing import Literal

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter
from ray.serve.config import RequestRouterConfig
from ray.serve.request_router import PendingRequest, RunningReplica

Strategy = Literal["power_of_two", "round_robin", "least_loaded"]


class LeastLoadedRouter(PowerOfTwoChoicesRequestRouter):
    """Asks all replicas instead of two: the best choice, at one message more for each replica and call."""

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """All of them in one rank, shuffled so that equals share the work."""
        return [random.sample(candidate_replicas, len(candidate_replicas))] if candidate_replicas else []


_ROUTERS: dict[Strategy, str] = {
    "power_of_two": "ray.serve._private.request_router:PowerOfTwoChoicesRequestRouter",
    "round_robin": "ray.serve.experimental.round_robin_router:RoundRobinRouter",
    "least_loaded": "deployments.routing:LeastLoadedRouter",
}


def router(strategy: Strategy) -> RequestRouterConfig:
    """The ``request_router_config`` of a deployment.

    ``power_of_two``: the less busy one of two that are picked at random, which is Serve's own way.
    ``round_robin``: one after the other. ``least_loaded``: the least busy one of all.
    """
    return RequestRouterConfig.model_validate({"request_router_class": _ROUTERS[strategy]})
