"""How many replicas a deployment has, and may have, asked by one of them."""

import logging

from ray import serve
from ray.exceptions import RayError
from ray.serve._private.common import ReplicaState
from ray.serve.exceptions import RayServeException

log = logging.getLogger("ray.serve")


def running_replicas() -> int:
    """Running replicas of the deployment in whose replica this is called, itself included. Blocks."""
    context = serve.get_replica_context()
    try:
        application = serve.status().applications[context.app_name]
        states = application.deployments[context.deployment].replica_states
    except (RayError, RayServeException, KeyError):
        # The controller restarts: the next count will do.
        log.warning("the replicas of %s cannot be counted", context.deployment, exc_info=True)
        return 1
    return max(1, states.get(ReplicaState.RUNNING, 1))


def scales_to_zero() -> bool:
    """Whether the deployment in whose replica this is called may have no replica; False outside of Serve."""
    try:
        # Ray Serve 2.60 has no public way to it; a test of the real service fails if the name changes.
        config = serve.get_replica_context()._deployment_config.autoscaling_config
    except RayServeException:
        return False
    return config is not None and config.min_replicas == 0
