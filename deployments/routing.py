"""How calls are distributed over the replicas of a stage: Ray Serve's request routers, by name.

Serve asks the replicas of the first rank that a router returns for their number of ongoing calls, and takes
the one with the fewest of those that accept more, the first of several; if none does, it goes on to the next
rank. So a replica on the caller's own node stands before the others: of equally loaded ones it is taken, and
the network is spared, but load comes first.
"""

import random
from collections.abc import Sequence
from typing import Literal

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter
from ray.serve.config import RequestRouterConfig
from ray.serve.request_router import PendingRequest, RunningReplica

Strategy = Literal["power_of_two", "round_robin", "least_loaded"]


class LeastLoadedRouter(PowerOfTwoChoicesRequestRouter):
    """Finds the least loaded replica of all, for one message per replica and call."""

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """The replicas to ask, in one rank: the nearest first, those equally near in random order."""
        if pending_request is not None:
            # Otherwise Serve asks again without a pause while no replica accepts more.
            pending_request.routing_context.should_backoff = True
        near, *others = self.rank_replicas_via_locality(candidate_replicas)
        asked = self.asked(near, [replica for rank in others for replica in rank])
        return [asked] if asked else []

    def asked(self, near: Sequence[RunningReplica], others: Sequence[RunningReplica]) -> list[RunningReplica]:
        """All of them."""
        return [*random.sample(near, len(near)), *random.sample(others, len(others))]


class NearTwoChoicesRouter(LeastLoadedRouter):
    """Asks two random replicas, of which one is near where there is one: as good as all, for two messages."""

    def asked(self, near: Sequence[RunningReplica], others: Sequence[RunningReplica]) -> list[RunningReplica]:
        """Two of them."""
        first = random.sample(near or others, min(1, len(near or others)))
        rest = [each for each in (*near, *others) if each not in first]
        return [*first, *random.sample(rest, min(1, len(rest)))]


_ROUTERS: dict[Strategy, str] = {
    "power_of_two": "deployments.routing:NearTwoChoicesRouter",
    "round_robin": "ray.serve.experimental.round_robin_router:RoundRobinRouter",
    "least_loaded": "deployments.routing:LeastLoadedRouter",
}


def router(strategy: Strategy) -> RequestRouterConfig:
    """The ``request_router_config`` of a deployment.

    ``power_of_two``: the less loaded of two replicas picked at random, one of them near. ``round_robin``: one
    after the other, wherever they are. ``least_loaded``: the least loaded of all.
    """
    return RequestRouterConfig.model_validate({"request_router_class": _ROUTERS[strategy]})
