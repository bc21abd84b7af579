"""Traces the memory that a replica allocates while it serves: ``python -m deployments.memory_tracing``.

Runs as a Ray job beside the service (``launcher.profiling`` submits it). ``__ray_call__``, Ray's API for
developers, runs two functions in the replica's process: the first starts ``tracemalloc``, the second stops it
and makes the report. Needs no debugger and no package in the replica, and works on every node. Each call
holds the actor's event loop for the time of a snapshot, some 50 ms.

``tracemalloc`` knows what Python and NumPy allocate. What CTranslate2 and ONNX Runtime allocate for
themselves shows in the resident memory alone.
"""

import logging
import resource
import signal
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import ray

NAMESPACE = "serve"
REPORT = "memory report:\n"
"""Marks the start of the report in the output; Ray writes lines of its own before it."""
FRAMES = 8
"""Of each allocation's stack."""
MOST = 20
"""Stacks in the report."""


def resident() -> int:
    """Bytes of memory that this process has (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def start(actor: object) -> int:
    """Start tracing in the process of ``actor``; returns its resident memory in bytes.

    Raises:
        RuntimeError: the process is being traced already.
    """
    if tracemalloc.is_tracing():
        raise RuntimeError("the memory of this replica is being traced already")
    tracemalloc.start(FRAMES)
    return resident()


def stop(actor: object) -> tuple[int, str]:
    """Stop tracing; returns the resident memory in bytes, and what is still allocated, the largest first."""
    held, peak = tracemalloc.get_traced_memory()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
    tracemalloc.stop()
    lines = [f"allocated by Python since: {_mb(held)} still held, {_mb(peak)} at the peak"]
    for statistic in snapshot.statistics("traceback")[:MOST]:
        lines += ["", f"{statistic.size / 1000:.1f} KB in {statistic.count} blocks, allocated at"]
        lines += statistic.traceback.format(most_recent_first=True)
    return resident(), "\n".join(lines)


def trace(actor: Any, duration_s: float) -> str:
    """Trace a replica for ``duration_s`` and return the report.

    Args:
        actor: a handle of the Ray actor that the replica is.
        duration_s: how long.
    """
    before: int = ray.get(actor.__ray_call__.remote(start))
    try:
        time.sleep(duration_s)
    finally:
        after, held = ray.get(actor.__ray_call__.remote(stop))
    return f"resident memory: {_mb(before)} at the start, {_mb(after)} after {duration_s:g} s\n{held}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> None:
    """Entry point: the name of the replica's actor, and the seconds."""
    name, duration_s = sys.argv[1], float(sys.argv[2])
    # A job that is stopped gets SIGTERM; the replica must not go on tracing.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    ray.init(log_to_driver=False, logging_level=logging.ERROR)
    report = trace(ray.get_actor(name, namespace=NAMESPACE), duration_s)
    print(f"{REPORT}{name}\n{report}", flush=True)


if __name__ == "__main__":
    main()
