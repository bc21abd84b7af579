"""Checks that replicas fit into the GPUs they share: each into its share, and all on the present cards. Pure.

Ray does not enforce GPU fractions: a model can take more memory than its share. But Ray places fractions on a
card only up to a sum of 1, so that replicas that keep to their shares take no memory from each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sokuji.capacity.memory import MemoryNeed, format_gb
from sokuji.errors import ConfigError


def check_share(name: str, needed: MemoryNeed | None, share: float, gpu_bytes: int | None) -> None:
    """Refuse a replica that needs more GPU memory than its share.

    Args:
        name: of the deployment, for the message.
        needed: by the replica; None: not known, and nothing is refused.
        share: the GPUs of the replica (``num_gpus``).
        gpu_bytes: of one GPU; None: not known, and only a missing share is refused.

    Raises:
        ConfigError: the message says how much memory is missing.
    """
    if needed is None or not (needed.gpu or needed.gpu_share):
        return
    if not share:
        raise ConfigError(
            f"{name} is to run on a GPU and has no share of one: set num_gpus in its ray_actor_options, or "
            "device cpu",
            param="device",
        )
    if needed.gpu_share > share:
        raise ConfigError(
            f"{name} takes {needed.gpu_share:.2f} of a GPU's memory, and its share (num_gpus) is {share:g}",
            param="gpu_memory_utilization",
        )
    # A model is on one GPU, even if its replica has more.
    available = needed.gpu if gpu_bytes is None else round(min(share, 1) * gpu_bytes)
    if gpu_bytes is not None and needed.gpu > available:
        raise ConfigError(
            f"{name} does not fit: it needs {format_gb(needed.gpu)} of GPU memory, its share of {share:g} of "
            f"{format_gb(gpu_bytes)} is {format_gb(available)}: {format_gb(needed.gpu - available)} are "
            f"missing. Take {_larger_share(needed.gpu, gpu_bytes)}a smaller model or batch, fewer beams or "
            "workers",
            param="num_gpus",
        )


def _larger_share(wanted: int, gpu_bytes: int) -> str:
    share = wanted / gpu_bytes
    return "a larger GPU, " if share > 1 else f"num_gpus {share + 0.005:.2f}, "


@dataclass(frozen=True, slots=True)
class Replica:
    """The resources that one replica requests of Ray."""

    name: str
    """Of its deployment."""
    gpus: float
    cpus: float


def unplaced(replicas: Iterable[Replica], gpus: int) -> list[Replica]:
    """The replicas that do not fit on the GPUs, when the largest are placed first.

    As Ray does it, a fraction is placed on one GPU, and a request for more than one GPU gets whole GPUs.

    Args:
        replicas: in any order.
        gpus: number of GPUs.
    """
    free = [1.0] * gpus
    remaining = []
    for replica in sorted(replicas, key=lambda each: each.gpus, reverse=True):
        if not _place(replica.gpus, free):
            remaining.append(replica)
    return remaining


def gpus_needed(replicas: Sequence[Replica]) -> int:
    """The number of GPUs that hold all replicas."""
    most = sum(max(1, round(each.gpus)) for each in replicas if each.gpus)
    return next(count for count in range(most + 1) if not unplaced(replicas, count))


def _place(wanted: float, free: list[float]) -> bool:
    """Take a fraction of one GPU, or whole GPUs, from ``free``; False if they are not there."""
    fraction = min(wanted, 1.0)
    # Fractions such as 0.1 have no exact sum.
    candidates = [index for index, rest in enumerate(free) if rest >= fraction - 1e-6]
    count = max(1, round(wanted)) if wanted else 0
    if len(candidates) < count:
        return False
    # Best fit: the GPU with the least room that is enough.
    for index in sorted(candidates, key=lambda index: free[index])[:count]:
        free[index] -= fraction
    return True
