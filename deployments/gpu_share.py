"""Checks that a replica's settings fit into its share of a GPU, before the model is loaded.

Only a replica has all of the data: the settings, which Serve merges from the config and the graph's code, the
fraction of a GPU that Ray has assigned, and the card itself. So the check holds for ``serve run``, ``serve
deploy`` and the launcher alike, and for every later change of settings. The launcher and ``sokuji profile
check`` run the same check over a complete config before anything starts.
"""

import asyncio
import os
from dataclasses import replace

import ray
from ray import serve
from ray.serve.exceptions import RayServeException

from sokuji.capacity.machine import visible_gpus
from sokuji.capacity.memory import CUDA_CONTEXT_BYTES, GB, MemoryNeed, estimate
from sokuji.capacity.placement import check_share
from sokuji.config import Settings
from sokuji.contract import GPU_FRACTION


async def check(config: Settings, beside: Settings | None, gpu_memory_gb: float | None) -> None:
    """Refuse settings that need more GPU memory than the replica's share; outside a replica, do nothing.

    Args:
        config: the new settings.
        beside: settings of a model that stays loaded until the new one is; None: there is none.
        gpu_memory_gb: memory of a GPU, if the card cannot be queried.

    Raises:
        ConfigError: says by how much it does not fit.
    """
    try:
        name = serve.get_replica_context().deployment
    except RayServeException:
        return
    share = _assigned()
    needed = estimate(config, share=share)
    if needed is None or not (needed.gpu or needed.gpu_share):
        return
    if beside is not None and (old := estimate(beside, share=share)):
        name = f"{name}, with the present model until the new one is loaded,"
        needed = _sum(needed, old)
    cards = await asyncio.to_thread(visible_gpus)
    configured = round(gpu_memory_gb * GB) if gpu_memory_gb else None
    check_share(name, needed, share, min((card.memory for card in cards), default=configured))


def export() -> None:
    """Set ``GPU_FRACTION`` for the provider, which has no access to Ray; outside a replica, do nothing."""
    try:
        serve.get_replica_context()
    except RayServeException:
        return
    os.environ[GPU_FRACTION] = str(_assigned())


def _assigned() -> float:
    """The GPUs that Ray has assigned to this replica."""
    resources: dict[str, float]
    resources = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    return float(resources.get("GPU", 0))


def _sum(new: MemoryNeed, old: MemoryNeed) -> MemoryNeed:
    # Both models are in one process, which has one CUDA context.
    gpu = new.gpu + old.gpu - (CUDA_CONTEXT_BYTES if new.gpu and old.gpu else 0)
    return replace(new, gpu=gpu, gpu_share=new.gpu_share + old.gpu_share)
