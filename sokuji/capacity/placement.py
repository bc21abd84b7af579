"""Whether replicas fit into the GPUs they share: each into its part of one, and all on those there are.

Ray's GPU fractions are bookkeeping, not a wall: nothing keeps a model to its part of the memory. But a
replica that fits into its own fraction takes nothing from its neighbours, for Ray places fractions of no more
than one whole on a card. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sokuji.capacity.memory import MemoryNeed, gigabytes
from sokuji.errors import ConfigError


def check_share(name: str, needed: MemoryNeed | None, share: float, gpu_bytes: int | None) -> None:
    """Refuse a replica whose part of a GPU cannot hold what it needs.

    Args:
        name: of the deployment, for the message.
        needed: by the replica; None: that is not known, and nothing is refused.
        share: the GPUs that it has (``num_gpus``).
        gpu_bytes: of one GPU; None where that is not known, and then only having no share at all is refused.

    Raises:
        ConfigError: says by how much it does not fit.
    """
    if needed is None or not (needed.gpu or needed.gpu_share):
        return
    if not share:
        raise ConfigError(
            f"{name} is to run on a GPU and has no share of one: give it num_gpus in ray_actor_options, or "
            "device cpu",
            param="device",
        )
    if needed.gpu_share > share:
        raise ConfigError(
            f"{name} takes {needed.gpu_share:.2f} of a GPU's memory, and its share (num_gpus) is {share:g}",
            param="gpu_memory_utilization",
        )
    # A model here lives on one GPU, whatever its replica has.
    held = needed.gpu if gpu_bytes is None else round(min(share, 1) * gpu_bytes)
    if gpu_bytes is not None and needed.gpu > held:
        raise ConfigError(
            f"{name} does not fit: it needs {gigabytes(needed.gpu)} of GPU memory, its share of {share:g} of "
            f"{gigabytes(gpu_bytes)} is {gigabytes(held)}: {gigabytes(needed.gpu - held)} are missing. Take "
            f"{_more(needed.gpu, gpu_bytes)}a smaller model or batch, fewer beams or workers",
            param="num_gpus",
        )


def _more(wanted: int, gpu_bytes: int) -> str:
    share = wanted / gpu_bytes
    return "a larger GPU, " if share > 1 else f"num_gpus {share + 0.005:.2f}, "


@dataclass(frozen=True, slots=True)
class Replica:
    """What one replica asks of Ray."""

    name: str
    """Of its deployment."""
    gpus: float
    cpus: float


def unplaced(replicas: Iterable[Replica], gpus: int) -> list[Replica]:
    """Those for which no place is left; the others fit, the largest put down first.

    A fraction lies on one GPU, and more than one GPU means whole ones, as Ray places them.

    Args:
        gpus: how many there are.
    """
    free = [1.0] * gpus
    left = []
    for replica in sorted(replicas, key=lambda each: each.gpus, reverse=True):
        if not _place(replica.gpus, free):
            left.append(replica)
    return left


def gpus_for(replicas: Sequence[Replica]) -> int:
    """How many GPUs hold all of them."""
    most = sum(max(1, round(each.gpus)) for each in replicas if each.gpus)
    return next(count for count in range(most + 1) if not unplaced(replicas, count))


def _place(wanted: float, free: list[float]) -> bool:
    """Take a part of one GPU, or whole ones, out of ``free``."""
    part = min(wanted, 1.0)
    # Fractions such as 0.1 have no exact sum.
    fitting = [number for number, rest in enumerate(free) if rest >= part - 1e-6]
    count = max(1, round(wanted)) if wanted else 0
    if len(fitting) < count:
        return False
    # The fullest that still holds it.
    for number in sorted(fitting, key=lambda number: free[number])[:count]:
        free[number] -= part
    return True
