"""The machine and the version of the code that a measurement was made on, as far as they matter for it."""

import os
import platform
import subprocess
from pathlib import Path


def describe() -> dict[str, str | int | float]:
    """Processor, cores, memory and versions; nothing that names the machine or its user."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """The git commit of this checkout, with "+" if files differ from it; None outside of a checkout."""
    found = _git("rev-parse", "HEAD")
    return found and found + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str | None:
    command = ("git", "-C", str(Path(__file__).parent), *arguments)
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
