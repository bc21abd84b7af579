"""How many CPU threads a model uses, so that the other stages of the service keep cores for themselves."""

import os


def worker_count(configured: int, device: str) -> int:
    """Number of batches that a model computes at the same time.

    Args:
        configured: the setting; 0 selects 2 on a GPU, otherwise one for every two cores, at most 4.
        device: "cuda" or "cpu".
    """
    return configured or (2 if device == "cuda" else min(4, _model_cores()))


def threads_per_worker(configured: int, workers: int, least: int = 1) -> int:
    """Threads that compute one batch on a CPU.

    Args:
        configured: the setting; 0 divides the model's cores among its workers, at most 4 for each.
        workers: batches that are computed at the same time.
        least: threads of each, where there are so many cores.
    """
    least = min(least, len(os.sched_getaffinity(0)))
    return configured or max(least, min(4, _model_cores() // workers))


def _model_cores() -> int:
    """Half of the available cores; the other half is left to the other stages and to the sockets."""
    return max(1, len(os.sched_getaffinity(0)) // 2)
