"""The Translation deployment for a language model: the same class with other defaults.

The engine batches the requests of all callers itself, so a replica accepts many at a time. Its start takes
minutes, for which Serve waits. ``num_gpus`` is set in the Serve config: a fraction of a GPU for a small
model, ``tensor_parallel_size`` GPUs for a large one.
"""

from typing import cast

from ray.serve import Deployment

from deployments.translation import Translation

# A type checker takes the decorated class for the class itself.
LanguageModel = cast(Deployment, Translation).options(
    # The replica passes text on; its engine computes in other processes, on the GPU if there is one.
    ray_actor_options={"num_cpus": 1},
    max_ongoing_requests=256,
    max_queued_requests=512,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 1,
        "target_ongoing_requests": 32,
        # A second replica takes minutes to start, so scale up early and down late.
        "upscale_delay_s": 5,
        "downscale_delay_s": 600,
    },
    # The engine's start of a second model may hold up the event loop.
    health_check_timeout_s=30,
    graceful_shutdown_timeout_s=60,
)
