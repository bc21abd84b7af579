"""The Translation deployment where a language model translates: the same replicas, other defaults.

The engine puts the requests of all callers together itself, so that a replica takes many at a time; its
start takes minutes, which Serve waits for. ``num_gpus`` is the config's to say: a part of a GPU for a small
model, as many as ``tensor_parallel_size`` for a large one.
"""

from typing import cast

from ray.serve import Deployment

from deployments.translation import Translation

# Type checkers do not see what a class decorator returns.
LanguageModel = cast(Deployment, Translation).options(
    # The replica itself only passes words on; the engine beside it computes, on the GPU where there is one.
    ray_actor_options={"num_cpus": 1},
    max_ongoing_requests=256,
    max_queued_requests=512,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 32,
        # A second replica is of use only after the minutes of its start.
        "upscale_delay_s": 5,
        "downscale_delay_s": 600,
    },
    # A check writes a token, behind everything that the engine is at.
    health_check_timeout_s=120,
    graceful_shutdown_timeout_s=60,
)
