"""Detects the GPUs, the memory and the CPU cores that this process may use.

In a container a process may use less than the machine has: control groups limit memory and CPU time, version
1 or 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html), at the process's own group or any group above.
GPUs are listed by NVIDIA's ``nvidia-smi``, which comes with the driver and is present in containers too.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SMI = ("nvidia-smi", "--query-gpu=index,uuid,memory.total,name", "--format=csv,noheader,nounits")
SMI_TIMEOUT_S = 10.0
"""A driver that hangs must not hang the service."""
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card."""

    name: str
    memory: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a process may use."""

    gpus: tuple[Gpu, ...]
    memory: int
    """Bytes, of the process and its children together."""
    cores: int
    """Whole CPU cores."""


def detect() -> Machine:
    """What this process may use of this machine."""
    return Machine(visible_gpus(), memory_limit(), cpu_limit())


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[Gpu, ...]:
    """The NVIDIA GPUs that this process may use (``CUDA_VISIBLE_DEVICES``); none without a driver."""
    try:
        output = subprocess.run(SMI, capture_output=True, text=True, timeout=SMI_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    present = list(_rows(output))
    if (visible := environment.get("CUDA_VISIBLE_DEVICES")) is None:
        return tuple(gpu for _, _, gpu in present)
    wanted = [name.strip() for name in visible.split(",") if name.strip()]
    # A MIG device has a UUID of its own, which nvidia-smi does not list here: its memory is not known.
    return tuple(
        gpu for name in wanted for index, uuid, gpu in present if name == index or uuid.startswith(name)
    )


def _rows(output: str) -> Iterator[tuple[str, str, Gpu]]:
    for line in output.splitlines():
        # Cards that share the machine's memory say "[N/A]" for their own.
        with suppress(ValueError):
            index, uuid, mebibytes, name = (part.strip() for part in line.split(",", 3))
            yield index, uuid, Gpu(name, int(mebibytes) * _MIB)


def memory_limit(root: Path = Path("/")) -> int:
    """Bytes: the machine's memory, or the lowest limit of the control groups.

    Args:
        root: the folder that holds ``proc`` and ``sys``.
    """
    total = next(
        int(line.split()[1]) * 1_024
        for line in (root / "proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    limits = [
        int(text)
        for name, controller in (("memory.max", ""), ("memory.limit_in_bytes", "memory"))
        for text in _group_values(root, controller, name)
        if text.isdecimal()
    ]
    return min([total, *limits])


def cpu_limit(root: Path = Path("/"), usable: int | None = None) -> int:
    """Whole cores: the process's CPU affinity, or the lowest quota of the control groups; at least 1.

    Args:
        root: the folder that holds ``proc`` and ``sys``.
        usable: cores that the process may run on; None: ask the kernel.
    """
    quotas = [text.split() for text in _group_values(root, "", "cpu.max")]
    quotas += [
        [quota, period]
        for quota, period in zip(
            _group_values(root, "cpu", "cpu.cfs_quota_us"),
            _group_values(root, "cpu", "cpu.cfs_period_us"),
            strict=False,
        )
    ]
    limits = [int(quota) // int(period) for quota, period in quotas if quota.isdecimal()]
    return max(1, min([usable or len(os.sched_getaffinity(0)), *limits]))


def _group_values(root: Path, controller: str, name: str) -> Iterator[str]:
    """The content of a file in the process's control group and all groups above; controller "": version 2."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controller not in controllers.split(","):
                continue
            mount = root / "sys/fs/cgroup" / controller
            # In a container /proc names the group as the host does, but the group is mounted at the root.
            own = mount / group.lstrip("/")
            for folder in (own, *own.parents):
                with suppress(OSError):
                    yield (folder / name).read_text().strip()
                if folder == mount:
                    break
