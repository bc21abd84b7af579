"""How a model that computes on the CPU shares the cores with the rest of the service."""

import os


def workers(wanted: int, device: str) -> int:
    """Batches that a model computes at the same time.

    Args:
        wanted: the setting; 0: 2 on a GPU, otherwise one for two cores, 4 at most.
        device: "cuda" or "cpu".
    """
    return wanted or (2 if device == "cuda" else min(4, _share()))


def threads(wanted: int, workers: int) -> int:
    """Threads of one batch on a CPU; ``wanted`` 0: the model's share divided among its workers, at most 4."""
    return wanted or max(1, min(4, _share() // workers))


def _share() -> int:
    """Half of the cores found: the other stages and the sockets want the others."""
    return max(1, len(os.sched_getaffinity(0)) // 2)
