"""Whether a replica's settings fit into its part of a GPU, asked before its model is loaded.

Here alone all of it is known: the settings, which Serve merges from the config and the graph's code when it
starts a replica, the fraction that Ray has assigned, and the card on which the replica has come to lie. So it
holds for ``serve run``, ``serve deploy`` and the launcher alike, and for every later change. The launcher and
``sokuji profile check`` ask the same of a whole config before anything starts.
"""

import asyncio
import os
from dataclasses import replace
from typing import Any

import ray
from ray import serve
from ray.serve.exceptions import RayServeException

from sokuji.capacity.machine import visible_gpus
from sokuji.capacity.memory import CUDA_CONTEXT_BYTES, GB, MemoryNeed, estimate
from sokuji.capacity.placement import check_share
from sokuji.config import Settings
from sokuji.providers.translation.vllm.engine import GPU_FRACTION


async def check(config: Settings, beside: Settings | None, gpu_memory_gb: float | None) -> None:
    """Refuse settings that need more GPU memory than the replica's share; nothing outside of a replica.

    Args:
        config: the settings that are to be taken over.
        beside: those of a model that stays loaded until the new one is there; None: there is none.
        gpu_memory_gb: what a GPU is said to have, where the card itself cannot be asked.

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
        needed = _together(needed, old)
    cards = await asyncio.to_thread(visible_gpus)
    said = round(gpu_memory_gb * GB) if gpu_memory_gb else None
    check_share(name, needed, share, min((card.memory for card in cards), default=said))


def announce() -> None:
    """Say in the environment what part of a GPU the replica has: providers know nothing of Ray."""
    try:
        serve.get_replica_context()
    except RayServeException:
        return
    os.environ[GPU_FRACTION] = str(_assigned())


def _assigned() -> float:
    # Ray gives this method no types.
    resources: Any = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    return float(resources.get("GPU", 0))


def _together(new: MemoryNeed, old: MemoryNeed) -> MemoryNeed:
    # They are in one process.
    gpu = new.gpu + old.gpu - (CUDA_CONTEXT_BYTES if new.gpu and old.gpu else 0)
    return replace(new, gpu=gpu, gpu_share=new.gpu_share + old.gpu_share)
