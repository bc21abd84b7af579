"""The variables that a Serve config sets, as opposed to those that a process inherits from its machine."""

import ray


def variables() -> frozenset[str]:
    """Names of the ``env_vars`` in the runtime environment of this process.

    In a replica those of its deployment and of its application; while the graph is built, those of the
    application. Empty outside of Ray.
    """
    if not ray.is_initialized():
        return frozenset()
    return frozenset(ray.get_runtime_context().runtime_env.env_vars())
